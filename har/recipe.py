"""Recipes: everything that decides a run, as TOML files under har/recipes/."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tinygmp.errors import ConfigError


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Network(Section):
    hidden: int = Field(ge=1, le=1024)
    w_rank: int = Field(default=0, ge=0, le=256)
    u_rank: int = Field(default=0, ge=0, le=256)


class Training(Section):
    epochs: int = Field(ge=1)
    dense_epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    label_smoothing: float = Field(ge=0, lt=1)
    average_decay: float = Field(ge=0, lt=1)


class Pruning(Section):
    sparsity: float = Field(ge=0, lt=1)
    start_epoch: int = Field(ge=0)
    end_epoch: int = Field(ge=0)
    shape: Literal["cubic", "linear"] = "cubic"


class AugmentationSection(Section):
    rotation_degrees: float = Field(ge=0, le=90)
    noise: float = Field(ge=0)


class Validation(Section):
    people: int = Field(ge=0)
    fold: int = Field(ge=0)


class Recipe(Section):
    """One run of the HAR-2 pipeline; `windows` of the training set are used at most (0: all)."""

    name: str
    windows: int = Field(default=0, ge=0)
    network: Network
    training: Training
    pruning: Pruning
    augmentation: AugmentationSection
    validation: Validation


def recipe_names() -> tuple[str, ...]:
    folder = resources.files("har").joinpath("recipes")
    return tuple(
        sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    )


def load_recipe(name: str) -> Recipe:
    """Return a recipe of the package by name, or of a TOML file by path; ConfigError names what is wrong in it."""
    if name in recipe_names():
        content = resources.files("har").joinpath("recipes", f"{name}.toml").read_bytes()
    elif Path(name).is_file():
        content = Path(name).read_bytes()
    else:
        raise ConfigError(
            f"recipe '{name}' is unknown; known: {', '.join(recipe_names())}, or give a TOML file"
        )
    try:
        return Recipe.model_validate(tomllib.loads(content.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"recipe '{name}' is not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"recipe '{name}': {where} = {first.get('input')!r}: {first['msg']}") from error


def with_sparsity(recipe: Recipe, sparsity: float) -> Recipe:
    """Return the recipe at another final sparsity; ConfigError outside [0, 1)."""
    if not 0 <= sparsity < 1:
        raise ConfigError(f"sparsity {sparsity} is outside [0, 1); it is the fraction of zeros, 0.9 for 90 %")
    return recipe.model_copy(update={"pruning": recipe.pruning.model_copy(update={"sparsity": sparsity})})
