"""Sensor counts as a network was trained on them: the training set's normalisation."""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.operators.base import Arrays, Operator, Shapes, expect_reads


@dataclass(frozen=True)
class SensorScaling(Operator):
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

    def written(self, node: str, reads: Shapes) -> Shapes:
        expect_reads(node, reads, 1)
        if reads[0][-1] != len(self.channel_names):
            raise ConfigError(
                f"layer '{node}' scales {len(self.channel_names)} channels, it reads {reads[0][-1]}"
            )
        return (reads[0],)

    def run(self, *reads: np.ndarray) -> Arrays:
        return (normalise_counts(self, reads[0]),)


def normalise_counts(scaling: SensorScaling, counts: np.ndarray) -> np.ndarray:
    """Return float32 normalised values of integer counts, channels last."""
    values = counts / np.asarray(scaling.counts_per_unit)
    return ((values - scaling.mean) / scaling.std).astype(np.float32)
