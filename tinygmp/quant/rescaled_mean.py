"""Means of int8 that take another scale and zero point, as TFLite's MEAN computes them, bit for bit.

'fp32': XNNPACK's, float32 all the way; 'gemmlowp': the reference kernels', which fold 1 / count into the multiplier
(lite/kernels/internal/reference/reduce.h). They differ at halves: XNNPACK adds the zero points before it rounds.
"""

from dataclasses import dataclass

import numpy as np

from tinygmp.quant.rounding_multiply import quantize_multiplier, rounding_multiply

OFFSET_BITS = (
    40  # of a fraction: a float32 sum of 1/4 or more, of an exact term and one below 2^-16, rounds right
)


@dataclass(frozen=True)
class Float32Mean:
    """q = rint(float32(float32(sum) * factor) + offset), factor and offset float32; halves go to even."""

    factor: np.float32
    offset: np.float32

    def apply(self, sums: np.ndarray) -> np.ndarray:
        """Return int64 of integer sums, not clipped."""
        return np.rint(sums.astype(np.float32) * self.factor + self.offset).astype(np.int64)

    def stored(self) -> tuple[int, int, int]:
        """Return (multiplier, shift, offset): factor = multiplier * 2^-shift, 24 bits or 0, and offset of 2^-40.

        What an offset has below that has no effect but on halves, for which its last bit is set.
        """
        fraction, exponent = np.frexp(self.factor)
        multiplier = int(np.ldexp(float(fraction), 24))
        units = float(np.ldexp(float(self.offset), OFFSET_BITS))  # exact: a float64
        whole = int(np.floor(units))
        return multiplier, 24 - int(exponent), whole | 1 if whole != units else whole


@dataclass(frozen=True)
class FixedMean:
    """q = zero + rounding_multiply(sum + bias, multiplier, shift)."""

    multiplier: int
    shift: int
    bias: int
    zero: int

    def apply(self, sums: np.ndarray) -> np.ndarray:
        """Return int64 of integer sums, not clipped."""
        multiplier, shift = np.array(self.multiplier, np.int64), np.array(self.shift, np.int64)
        return rounding_multiply(sums + self.bias, multiplier, shift) + self.zero


def float32_mean(count: int, scales: tuple[float, float], zero_points: tuple[int, int]) -> Float32Mean:
    """Return how a mean of `count` becomes its output; scales and zero points of what it reads and writes.

    Raises RangeError where the ratio of scales is not between 0 and 256.
    """
    ratio = np.float32(scales[0]) / np.float32(scales[1])
    quantize_multiplier(float(ratio))
    factor = np.float32(ratio * (np.float32(1) / np.float32(count)))
    less = np.float32(np.float32(count * zero_points[0]) * factor)
    return Float32Mean(factor, np.float32(np.float32(zero_points[1]) - less))


def fixed_mean(count: int, scales: tuple[float, float], zero_points: tuple[int, int]) -> FixedMean:
    """Return how a mean of `count` becomes its output; raises RangeError as `float32_mean` does."""
    multiplier, shift = quantize_multiplier(float(scales[0]) / float(scales[1]))
    bits = min(count.bit_length() - 1, 31 + shift)
    return FixedMean((multiplier << bits) // count, shift - bits, -count * zero_points[0], zero_points[1])
