"""The recipe of a user's own model: where the data lie, how they are cut and split, what is trained."""

from pathlib import Path

from pydantic import Field, model_validator

from tinygmp.data.recordings import GroupBy, Kind, Layout
from tinygmp.errors import ConfigError
from tinygmp.foreign import reads
from tinygmp.recipes.windows import AugmentationSection, Network, Pruning, Section, Training, read_recipe


class DataSection(Section):
    """See tinygmp.data.recordings.Layout; path is relative to the recipe's folder."""

    path: str
    layout: Kind
    channels: tuple[str, ...] = Field(min_length=1, max_length=256)
    window_steps: int = Field(ge=1, le=65535)
    stride_steps: int = Field(default=1, ge=1)
    label_column: str = "label"
    group_column: str = ""
    group_by: GroupBy = "recording"
    time_column: str = ""
    fill_gap_rows: int = Field(default=0, ge=0, le=65535)
    synthetic: bool = False


class SensorSection(Section):
    """What the firmware's sensor gives: int16 counts = value * counts_per_unit, channel by channel.

    rate_hz: samples a second, which the generated code tells; 0 where nobody knows.
    """

    units: tuple[str, ...]
    counts_per_unit: tuple[float, ...]
    rate_hz: float = Field(default=0.0, ge=0, le=1e6)


class SplitSection(Section):
    """Shares of each class's recordings or people."""

    held_out: float = Field(default=0.2, gt=0, lt=0.9)
    test: float = Field(default=0.2, gt=0, lt=0.9)


class OwnRecipe(Section):
    """One model of a user's own; the name is that of files and C functions."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    seed: int = Field(default=0, ge=0)
    data: DataSection
    sensor: SensorSection
    split: SplitSection = SplitSection()
    network: Network
    training: Training
    pruning: Pruning
    augmentation: AugmentationSection

    @model_validator(mode="after")
    def _consistent(self) -> "OwnRecipe":
        channels = len(self.data.channels)
        for key in ("units", "counts_per_unit"):
            if (found := len(getattr(self.sensor, key))) != channels:
                raise ValueError(
                    f"sensor.{key} has {found} entries, data.channels has {channels}: one for each"
                )
        if min(self.sensor.counts_per_unit) <= 0:
            raise ValueError(f"sensor.counts_per_unit {min(self.sensor.counts_per_unit)} must be above 0")
        if len(set(self.data.channels)) < channels:
            raise ValueError("data.channels names a channel twice")
        if self.augmentation.rotation_degrees and channels % 3:
            raise ValueError(
                f"augmentation.rotation_degrees turns three channels x, y, z together, but there are {channels} "
                "channels: set it to 0"
            )
        if not self.pruning.start_epoch <= self.pruning.end_epoch < self.training.epochs:
            raise ValueError(
                f"pruning from epoch {self.pruning.start_epoch} to {self.pruning.end_epoch} of "
                f"{self.training.epochs}: needs start_epoch <= end_epoch < training.epochs"
            )
        if self.data.group_by == "column" and not self.data.group_column:
            raise ValueError("data.group_by 'column' needs data.group_column")
        if self.split.held_out + self.split.test >= 0.95:
            raise ValueError(f"split: {self.split.held_out} + {self.split.test} leave nothing to train on")
        return self


class Opened(Section):
    """A recipe and its file."""

    recipe: OwnRecipe
    path: Path

    @property
    def layout(self) -> Layout:
        data = self.recipe.data
        return Layout(
            self.path.parent / data.path,
            data.layout,
            data.channels,
            data.window_steps,
            data.stride_steps,
            data.label_column,
            data.group_column,
            data.group_by,
            data.time_column,
            data.fill_gap_rows,
        )


@reads("a recipe", "`tinygmp init` writes one", ConfigError)
def open_recipe(path: Path) -> Opened:
    """Return a checked recipe; raises ConfigError naming the key that is wrong, and how."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"recipe '{path}' cannot be read: {error.strerror}; `tinygmp init --data FOLDER --out {path}` writes one"
        ) from error
    return Opened(recipe=read_recipe(OwnRecipe, content, f"recipe '{path}'"), path=path)
