"""Counts and pixels to what a network takes."""

import numpy as np

from tinygmp.graph.operators.pixel_input import PixelInput
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.reference.execute import Execute, Values


def sensor_input(operator: SensorInput, reads: Values, writes: Values) -> Execute:
    return lambda counts: (quantize_counts(operator, counts, writes[0].dtype),)


def quantize_counts(operator: SensorInput, counts: np.ndarray, dtype: str = "int8") -> np.ndarray:
    """Return int8 or int16 values of raw counts, shape unchanged (channels last)."""
    centred = np.clip(counts.astype(np.int64) - operator.offset, -32768, 32767)
    scaled = (centred * operator.multiplier + (1 << (operator.shift - 1))) >> operator.shift
    limit = int(np.iinfo(dtype).max)
    return np.clip(scaled, -limit, limit).astype(dtype)


def pixel_input(operator: PixelInput, reads: Values, writes: Values) -> Execute:
    return lambda pixels: ((pixels.astype(np.int16) - 128).astype(np.int8),)
