"""Real numbers to int8 with one scale and no zero point."""

import numpy as np

INT8_LIMIT = 127


def fit_scale(matrix: np.ndarray) -> float:
    """Return the symmetric per-tensor scale, largest magnitude to 127; an all-zero matrix gets 1."""
    largest = float(np.abs(matrix).max(initial=0))
    return largest / INT8_LIMIT if largest > 0 else 1.0


def quantize_int8(matrix: np.ndarray, scale: float) -> np.ndarray:
    """Return round(matrix / scale) as int8 in -127..127."""
    return np.clip(np.rint(matrix / scale), -INT8_LIMIT, INT8_LIMIT).astype(np.int8)
