"""Random integer weights and what scales them: the ground of every random model."""

import numpy as np

from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.quant.requantize import Requantizer, fit_requantizer


def random_weights(rng: np.random.Generator, rows: int, columns: int, kept: float) -> np.ndarray:
    """Return int8 [rows, columns] with round(kept * size) values of -127..127 other than 0."""
    q = np.zeros(rows * columns, np.int8)
    nnz = round(kept * q.size)
    values = rng.integers(1, 128, nnz) * rng.choice([-1, 1], nnz)
    q[rng.permutation(q.size)[:nnz]] = values
    return q.reshape(rows, columns)


def random_sensor(rng: np.random.Generator, channels: int) -> SensorInput:
    """Return an input of counts whose normalised values spread over int8."""
    return SensorInput(
        channel_names=tuple(f"channel{index}" for index in range(channels)),
        units=("counts",) * channels,
        counts_per_unit=(1.0,) * channels,
        offset=rng.integers(-500, 500, channels).astype(np.int16),
        multiplier=rng.integers(200, 2000, channels).astype(np.int16),
        shift=16,
    )


def unit_gain(fan_in: float) -> Requantizer:
    """Bring a sum of about `fan_in` random int8 products back to int8."""
    return fit_requantizer(0.5 / (127 * np.sqrt(max(fan_in, 1))), 127 * 127 * max(int(fan_in) * 8, 1))


def random_provenance(seed: int) -> dict[str, str]:
    return {
        "data": "random weights",
        "synthetic": "yes",
        "seed": str(seed),
        "recipe": "random",
        "commit": "none",
    }
