"""Quantise pruned weights to a value format narrower than int8, with the scale of least squared error."""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.cluster import cluster
from tinygmp.sparse.field_values import POWERS

LEVELS = {
    "int8": np.arange(1, 128),
    "int4": np.arange(1, 8),
    "ternary": np.array([1]),
    "power2": np.array(POWERS),
}
SCALES_TRIED = 64


def narrow(weights: np.ndarray, value_format: str, scale: float | None = None) -> tuple[np.ndarray, float]:
    """Return int8 [rows, columns] that the value format can hold, and the scale; real = scale * q.

    weights: float [rows, columns]; zeros stay zero and survivors stay different from zero, so the mask is kept.
    value_format: int8, int4, ternary, power2 or codebook4, 8, 16. Raises FormatError for another. scale: None for the
    one of least squared error; a codebook's is that of its int8 values.
    """
    if value_format.startswith("codebook"):
        q, scale = narrow(weights, "int8", scale)
        return cluster(q, int(value_format.removeprefix("codebook"))), scale
    if value_format not in LEVELS:
        raise FormatError(
            f"value format '{value_format}' has no levels; known: {', '.join(LEVELS)} and codebooks"
        )
    if not np.isfinite(weights).all():
        raise FormatError("weights are not finite; train again before packing")
    levels = LEVELS[value_format]
    magnitudes = np.abs(weights[weights != 0]).astype(np.float64)
    if scale is None:
        scale = best_scale(magnitudes, levels) if magnitudes.size else 1.0
    elif not scale > 0:
        raise FormatError(f"scale {scale} of value format '{value_format}' must be positive")
    q = np.zeros(weights.shape, np.int8)
    q[weights != 0] = nearest(magnitudes / scale, levels) * np.sign(weights[weights != 0])
    return q, scale


def best_scale(magnitudes: np.ndarray, levels: np.ndarray) -> float:
    """Return the scale of least squared error of those that put the largest level at 5 to 100 % of the largest."""
    tried = magnitudes.max() / levels[-1] * np.linspace(0.05, 1, SCALES_TRIED)
    errors = [
        float(((nearest(magnitudes / scale, levels) * scale - magnitudes) ** 2).sum()) for scale in tried
    ]
    return float(tried[int(np.argmin(errors))])


def nearest(magnitudes: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the level nearest to each magnitude."""
    middles = (levels[1:] + levels[:-1]) / 2
    return levels[np.searchsorted(middles, magnitudes)]
