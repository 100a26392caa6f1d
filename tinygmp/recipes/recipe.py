"""A recipe: what one row of a paper's table trained, how, and what it reports; read from TOML and checked."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tinygmp.errors import ConfigError
from tinygmp.foreign import reads

FOLDER = Path(__file__).parent / "global_mp"


class Section(BaseModel):
    """A TOML table without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSection(Section):
    """The network; options are those of its builder (width, classes, ranks ...)."""

    name: Literal[
        "mobilenet-v1", "mobilenet-v2", "resnet-32", "resnet-50", "wrn-28-8", "wrn-22-8", "fastgrnn"
    ]
    options: dict[str, int | float | bool | str] = {}


class PruneSection(Section):
    """How the weights go. sparsity: fraction of zeros; ranks: kept ranks of W and U (FastGRNN)."""

    method: Literal["none", "one-shot", "gradual", "ranks"]
    sparsity: float = Field(0.0, ge=0, lt=1)
    start_epoch: int = Field(0, ge=0)
    end_epoch: int = Field(0, ge=0)
    shape: Literal["linear", "cubic"] = "linear"
    minimum_weights: int | None = Field(None, ge=0)
    minimum_share: float | None = Field(None, ge=0, le=1)
    spending: Literal["rerank", "rescale"] = "rerank"
    w_rank: int | None = Field(None, ge=1)
    u_rank: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _consistent(self) -> PruneSection:
        if self.minimum_weights is not None and self.minimum_share is not None:
            raise ValueError("minimum_weights and minimum_share are two units of one threshold: give one")
        if self.method == "gradual" and self.end_epoch <= self.start_epoch:
            raise ValueError(f"gradual pruning from epoch {self.start_epoch} to {self.end_epoch}: end later")
        if (self.method == "ranks") != (self.w_rank is not None and self.u_rank is not None):
            raise ValueError("w_rank and u_rank belong to method 'ranks', both or neither")
        if self.method in ("one-shot", "gradual") and self.sparsity == 0:
            raise ValueError(f"method '{self.method}' needs a sparsity above 0")
        return self


class TrainSection(Section):
    """Training, or fine-tuning when the recipe starts from a dense row. batch_size: over all processes."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    optimiser: Literal["sgd", "adam"]
    learning_rate: float = Field(gt=0)
    momentum: float = Field(0.0, ge=0, lt=1)
    nesterov: bool = False
    weight_decay: float = Field(0.0, ge=0)
    warmup_epochs: int = Field(0, ge=0)
    label_smoothing: float = Field(0.0, ge=0, lt=1)


class ExpectedSection(Section):
    """What the paper prints. accuracy and flops_pruned in percent; accuracy is the best epoch on the test
    set.
    """

    accuracy: float = Field(ge=0, le=100)
    sparsity: float | None = Field(None, ge=0, le=100)
    flops_pruned: float | None = Field(None, ge=0, le=100)
    parameters: int | None = Field(None, ge=1)


class Recipe(Section):
    """One row. starts_from: the row that trains the dense network; assumed: keys that the sources do not
    state.
    """

    row: str
    table: str
    source: str
    data: Literal["imagenet", "cifar-10", "har-2"]
    starts_from: str | None = None
    assumed: tuple[str, ...] = ()
    model: ModelSection
    prune: PruneSection
    train: TrainSection
    expected: ExpectedSection


@reads("a recipe", "write it again", ConfigError)
def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a TOML file, or raise ConfigError naming file, key and what is allowed."""
    try:
        recipe = Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"recipe {path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"recipe {path}: is not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"recipe {path}: '{key}' is {first.get('input')!r}: {first['msg']}") from error
    return recipe


def recipe_rows() -> list[str]:
    """Return the names of all rows that come with tinygmp."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def recipe(row: str) -> Recipe:
    """Return a row's recipe by its name, or raise ConfigError naming those that exist."""
    if row not in recipe_rows():
        raise ConfigError(f"row '{row}' is unknown; rows: {', '.join(recipe_rows())}")
    return read_recipe(FOLDER / f"{row}.toml")
