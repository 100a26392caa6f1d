"""Recipes: everything that decides a run, as TOML files under har/recipes/."""

from importlib import resources
from pathlib import Path

from pydantic import Field

from tinygmp.errors import ConfigError
from tinygmp.recipes.windows import AugmentationSection, Network, Pruning, Section, Training, read_recipe


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
    return read_recipe(Recipe, content, f"recipe '{name}'")


def with_sparsity(recipe: Recipe, sparsity: float) -> Recipe:
    """Return the recipe at another final sparsity; ConfigError outside [0, 1)."""
    if not 0 <= sparsity < 1:
        raise ConfigError(f"sparsity {sparsity} is outside [0, 1); it is the fraction of zeros, 0.9 for 90 %")
    return recipe.model_copy(update={"pruning": recipe.pruning.model_copy(update={"sparsity": sparsity})})
