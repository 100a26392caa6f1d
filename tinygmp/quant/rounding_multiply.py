"""Requantisation of int32 sums to int8 as the runtimes of image networks do it, bit for bit.

'fp32': the sum as float32 times a float32 factor, rounded half to even: XNNPACK, LiteRT's usual delegate; and, within
float32's own rounding, onnxruntime. 'gemmlowp': a doubling high multiply and a rounding shift, so rounded twice:
TFLite's reference kernels and TFLite Micro (lite/kernels/internal/common.cc).
"""

import math

import numpy as np

from tinygmp.errors import RangeError

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
ROUNDINGS = ("fp32", "gemmlowp")
FACTOR_LIMIT = 256  # what XNNPACK takes is below it


def quantize_multiplier(factor: float) -> tuple[int, int]:
    """Return (multiplier 2**30..2**31-1, shift) with factor = multiplier * 2**(shift - 31).

    shift: -31..8, to the left from 1 on; (0, 0) for a factor below 2**-32, which rounds to nothing.

    Raises RangeError unless the factor lies between 0 and FACTOR_LIMIT, both excluded.
    """
    if not 0 < factor < FACTOR_LIMIT:
        raise RangeError(
            f"requantize factor {factor}: must lie between 0 and {FACTOR_LIMIT}; check the layer's scales"
        )
    fraction, shift = math.frexp(factor)
    multiplier = math.floor(fraction * 2.0**31 + 0.5)
    if multiplier == 1 << 31:
        multiplier, shift = multiplier >> 1, shift + 1
    if multiplier * 2.0 ** (shift - 31) >= FACTOR_LIMIT:
        raise RangeError(
            f"requantize factor {factor}: rounds to {FACTOR_LIMIT}, and must stay below; "
            "lower the layer's input or weight scale"
        )
    return (0, 0) if shift < -31 else (multiplier, shift)


def rounding_multiply(accumulator: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return int64: int32 accumulators [..., channels] times a factor per channel.

    What a shift to the left takes beyond 32 bits is cut there, where TFLite lets it wrap; its product is 2**30 or more,
    so clipping to int8 leaves nothing of how it was cut.
    """
    left = np.maximum(shift, 0).astype(np.int64)
    product = np.clip(accumulator.astype(np.int64) << left, INT32_MIN, INT32_MAX) * multiplier
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    high = np.where(nudged >= 0, nudged >> 31, -((-nudged) >> 31))  # C division: towards zero
    right = np.maximum(-shift, 0).astype(np.int64)
    mask = (np.int64(1) << right) - 1
    threshold = (mask >> 1) + (high < 0)
    return (high >> right) + ((high & mask) > threshold)


def rounding_multiply_once(accumulator: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return int64 as `rounding_multiply`, but rounded once, half up: what LiteRT's fully connected kernel does."""
    total = 31 - shift.astype(np.int64)
    return (accumulator.astype(np.int64) * multiplier + (np.int64(1) << (total - 1))) >> total


def float32_multiply(accumulator: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return int64: float32(accumulator) times a factor of 24 bits in float32, rounded half to even."""
    factor = np.ldexp(multiplier.astype(np.float32), shift - 31)
    return np.rint(accumulator.astype(np.float32) * factor).astype(np.int64)
