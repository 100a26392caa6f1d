"""Recipe sections of networks of sensor windows, and how such recipes are read from TOML."""

import tomllib
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tinygmp.errors import ConfigError

Checked = TypeVar("Checked", bound=BaseModel)


class Section(BaseModel):
    """A TOML table without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Network(Section):
    """A FastGRNN cell; rank 0 is full rank."""

    hidden: int = Field(ge=1, le=1024)
    w_rank: int = Field(default=0, ge=0, le=256)
    u_rank: int = Field(default=0, ge=0, le=256)


class Training(Section):
    """AdamW with one cycle of the learning rate; `dense_epochs` train the unpruned network to compare with."""

    epochs: int = Field(ge=1)
    dense_epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    label_smoothing: float = Field(ge=0, lt=1)
    average_decay: float = Field(ge=0, lt=1)


class Pruning(Section):
    """Gradual global magnitude pruning. sparsity: fraction of zeros."""

    sparsity: float = Field(ge=0, lt=1)
    start_epoch: int = Field(ge=0)
    end_epoch: int = Field(ge=0)
    shape: Literal["cubic", "linear"] = "cubic"


class AugmentationSection(Section):
    """Random rotation of each three channels, and white noise in units of the normalised channels."""

    rotation_degrees: float = Field(ge=0, le=90)
    noise: float = Field(ge=0)


def read_recipe(kind: type[Checked], content: bytes, shown: str) -> Checked:
    """Return a checked recipe of TOML; raises ConfigError that names `shown`, the key, its value and what is wrong."""
    try:
        return kind.model_validate(tomllib.loads(content.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown} is not valid TOML: {error}") from error
    except ValidationError as error:
        first = min(
            error.errors(), key=lambda one: one["type"] != "extra_forbidden"
        )  # a slip of the pen first
        where = ".".join(str(part) for part in first["loc"]) or "as a whole"
        told = (
            first["msg"]
            .removeprefix("Value error, ")
            .replace("Extra inputs are not permitted", "is no known key")
        )
        value = f" = {first.get('input')!r}" if first["loc"] and first["type"] != "missing" else ""
        raise ConfigError(f"{shown}: {where}{value}: {told}") from error
