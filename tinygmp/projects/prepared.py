"""A recipe's data, ready to train on: split, normalised, and as the counts that firmware will give."""

from dataclasses import dataclass

import numpy as np

from tinygmp.data.rates import SAME_RATE
from tinygmp.data.recording_windows import load_own
from tinygmp.data.recordings import Labelled, OwnData
from tinygmp.data.split import Parts, split
from tinygmp.errors import ConfigError, DataError
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import run
from tinygmp.progress import OnStep, silent
from tinygmp.projects.recipe import Opened, SensorSection

INT16_LIMIT = 32767
MOST_SATURATED = 1e-3  # of a channel's values


@dataclass(frozen=True)
class Prepared:
    """What a run of a recipe works on."""

    opened: Opened
    data: OwnData
    parts: Parts
    scaling: SensorScaling

    @property
    def name(self) -> str:
        return self.opened.recipe.name

    def counts(self, part: Labelled) -> np.ndarray:
        """Return int16 counts [n, steps, channels] as the sensor gives them; values beyond its range saturate."""
        scaled = np.rint(part.windows.astype(np.float64) * np.asarray(self.scaling.counts_per_unit))
        return np.clip(scaled, -INT16_LIMIT - 1, INT16_LIMIT).astype(np.int16)

    def classes_of(self, model: PackedModel, part: Labelled) -> np.ndarray:
        """Return the class of each window by the integer reference."""
        return run(model, self.counts(part)).classes

    def accuracy(self, model: PackedModel, part: Labelled) -> float:
        """Return the percentage of windows that the integer reference classifies as labelled."""
        return 100.0 * float(np.mean(self.classes_of(model, part) == part.labels))


def prepare(opened: Opened, on_step: OnStep = silent) -> Prepared:
    """Read and split a recipe's data; raises DataError or ConfigError that names what is wrong and where."""
    data = load_own(opened.layout, on_step)
    recipe = opened.recipe
    if data.windows.windows.shape[1] != recipe.data.window_steps and recipe.data.layout == "npz":
        raise ConfigError(
            f"recipe '{opened.path}': data.window_steps is {recipe.data.window_steps}, the windows of "
            f"'{opened.layout.path}' have {data.windows.windows.shape[1]} steps"
        )
    check_range(data, recipe.sensor)
    check_rate(opened, data)
    parts = split(data, recipe.split.held_out, recipe.split.test)
    return Prepared(opened, data, parts, scaling_of(data, parts.train, recipe.sensor))


def check_rate(opened: Opened, data: OwnData) -> None:
    """Raise ConfigError where the recipe says another rate than the recordings' own times do."""
    said = opened.recipe.sensor.rate_hz
    if said and data.rate_hz and abs(said / data.rate_hz - 1) > SAME_RATE:
        raise ConfigError(
            f"recipe '{opened.path}': sensor.rate_hz is {said:g}, the times in column '{opened.layout.time_column}' "
            f"tell {data.rate_hz:.4g} samples a second; the firmware samples at what is "
            'written here: correct it, or set data.time_column to "" where the times are wrong'
        )


def check_range(data: OwnData, sensor: SensorSection) -> None:
    """Raise ConfigError where more than a thousandth of a channel's values leaves the int16 counts."""
    for index, (name, counts) in enumerate(zip(data.channels, sensor.counts_per_unit, strict=True)):
        values = np.abs(data.windows.windows[..., index].astype(np.float64)) * counts
        if np.mean(values > INT16_LIMIT) > MOST_SATURATED:
            raise ConfigError(
                f"channel '{name}' reaches {values.max():,.0f} counts at {counts:g} counts a unit, beyond int16 "
                f"({INT16_LIMIT:,}); lower its entry of sensor.counts_per_unit in the recipe"
            )


def scaling_of(data: OwnData, train: Labelled, sensor: SensorSection) -> SensorScaling:
    """Return mean and deviation of each channel over the training windows; raises DataError for a constant one."""
    flat = train.windows.reshape(-1, len(data.channels)).astype(np.float64)
    std = flat.std(axis=0)
    for name, deviation, largest in zip(data.channels, std, np.abs(flat).max(axis=0), strict=True):
        if deviation <= 1e-7 * max(1.0, largest):
            raise DataError(
                f"channel '{name}' never changes in the training windows; leave it out of data.channels"
            )
    return SensorScaling(data.channels, sensor.units, sensor.counts_per_unit, flat.mean(axis=0), std)
