"""Fold the training set's normalisation into integers, so that a device takes raw sensor counts."""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.packed.layers import SensorInput

MULTIPLIER_BITS = 15


@dataclass(frozen=True)
class SensorScaling:
    """What the sensor reports and how training normalised it, per channel.

    counts = value * counts_per_unit; normalised = (value - mean) / std, with value, mean and std in `units`.
    """

    channel_names: tuple[str, ...]
    units: tuple[str, ...]
    counts_per_unit: tuple[float, ...]
    mean: np.ndarray  # float [channels]
    std: np.ndarray  # float [channels]

    def __post_init__(self) -> None:
        channels = len(self.channel_names)
        if not len(self.units) == len(self.counts_per_unit) == len(self.mean) == len(self.std) == channels:
            raise ConfigError(f"sensor scaling: every field needs {channels} entries, one per channel name")
        if np.min(self.std) <= 0 or min(self.counts_per_unit) <= 0:
            raise ConfigError(
                "sensor scaling: std and counts_per_unit must be positive; drop constant channels"
            )


def normalise_counts(scaling: SensorScaling, counts: np.ndarray) -> np.ndarray:
    """Return float32 normalised values of integer counts, channels last."""
    values = counts / np.asarray(scaling.counts_per_unit)
    return ((values - scaling.mean) / scaling.std).astype(np.float32)


def fold_sensor(scaling: SensorScaling, scale: float, name: str = "sensor") -> SensorInput:
    """Return the integer input layer whose int8 output times `scale` is the normalised value."""
    per_unit = np.asarray(scaling.counts_per_unit, float)
    factor = 1 / (np.asarray(scaling.std, float) * per_unit * scale)
    shift = int(np.clip(np.floor(MULTIPLIER_BITS - np.log2(factor.max())), 1, 30))
    multiplier = np.clip(np.rint(factor * 2.0**shift), 1, 32767)
    offset = np.clip(np.rint(np.asarray(scaling.mean) * per_unit), -32768, 32767)
    return SensorInput(
        name=name,
        channel_names=scaling.channel_names,
        units=scaling.units,
        counts_per_unit=tuple(float(counts) for counts in per_unit),
        offset=offset.astype(np.int16),
        multiplier=multiplier.astype(np.int16),
        shift=shift,
        scale=float(scale),
    )
