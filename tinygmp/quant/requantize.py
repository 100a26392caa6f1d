"""Scale an integer accumulator by a real factor with one 16-bit multiply.

The factor is held as multiplier * 2**-(pre_shift + post_shift). Shifting before the multiply keeps every
product inside 32 bits, so cores without a 64-bit multiply (AVR, Cortex-M0+) compute the same result cheaply.
"""

import math
from dataclasses import dataclass

import numpy as np

from tinygmp.errors import RangeError

INT16_MIN, INT16_MAX = -32768, 32767


@dataclass(frozen=True)
class Requantizer:
    """A real factor as pre_shift (0..16), multiplier (1..32767) and post_shift (1..30)."""

    pre_shift: int
    multiplier: int
    post_shift: int

    def __post_init__(self) -> None:
        if not (
            0 <= self.pre_shift <= 16 and 1 <= self.multiplier <= INT16_MAX and 1 <= self.post_shift <= 30
        ):
            raise RangeError(
                f"requantizer pre_shift {self.pre_shift}, multiplier {self.multiplier}, post_shift "
                f"{self.post_shift}: the limits are 0..16, 1..32767 and 1..30; rescale the layer"
            )

    @property
    def factor(self) -> float:
        return self.multiplier * 2.0 ** -(self.pre_shift + self.post_shift)

    def apply(self, accumulator: np.ndarray) -> np.ndarray:
        """Return int16: saturate(accumulator >> pre_shift) * multiplier, rounded half up, saturated."""
        narrow = np.clip(accumulator.astype(np.int64) >> self.pre_shift, INT16_MIN, INT16_MAX)
        scaled = (narrow * self.multiplier + (1 << (self.post_shift - 1))) >> self.post_shift
        return np.clip(scaled, INT16_MIN, INT16_MAX).astype(np.int16)


def fit_requantizer(factor: float, accumulator_limit: int) -> Requantizer:
    """Return the most exact Requantizer for a factor, given the largest accumulator magnitude.

    Raises RangeError when no multiplier and shifts can hold the factor.
    """
    if not (math.isfinite(factor) and factor > 0):
        raise RangeError(f"requantize factor {factor}: must be a positive number; check the layer's scales")
    pre_shift = max(0, int(accumulator_limit).bit_length() - 15)
    exponent = math.frexp(factor * 2.0**pre_shift)[1]
    # 30 keeps the rounding constant and the 31-bit product inside int32.
    post_shift = min(15 - exponent, 30)
    multiplier = round(factor * 2.0 ** (pre_shift + post_shift))
    if multiplier > INT16_MAX:
        multiplier, post_shift = multiplier >> 1, post_shift - 1
    return Requantizer(pre_shift, multiplier, post_shift)
