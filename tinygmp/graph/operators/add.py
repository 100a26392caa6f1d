"""The sum of two values of one shape."""

import math
from dataclasses import dataclass

import numpy as np

from tinygmp.errors import RangeError
from tinygmp.graph.operators.base import expect_counts, expect_dtype, expect_shape
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.values import Value
from tinygmp.sparse.tensor import PackedTensor

MULTIPLIER_BITS = 20  # of the larger factor, so that both products and their sum stay inside 31 bits
LEAST_SHIFT, MOST_SHIFT = 12, 30


@dataclass(frozen=True)
class AddFactors:
    """sum = (bias + a * multiplier_a + b * multiplier_b) >> shift, the rounding half and zero points in the bias."""

    multiplier_a: int
    multiplier_b: int
    bias: int
    shift: int


@dataclass(frozen=True)
class Add:
    """q = clamp(zero_out + round_half_up(factor_a * (a - zero_a) + factor_b * (b - zero_b))) of two int8 values.

    Both factors are held to 20 bits in units of one shift, as XNNPACK's kernels do (vadd of qs8).
    """

    limits: Limits = NO_LIMITS

    def factors(self, a: Value, b: Value, written: Value) -> AddFactors:
        """Return the integers that the sum is computed with; RangeError where a factor is out of range."""
        ratio_a = float(np.float32(a.scale) / np.float32(written.scale))
        ratio_b = float(np.float32(b.scale) / np.float32(written.scale))
        largest = max(ratio_a, ratio_b)
        if not 2.0**-10 <= largest < 2.0**8:
            raise RangeError(
                f"value '{written.name}': an input's scale is {largest:.6g} of its own, the limits are 2^-10 and 2^8; "
                "calibrate again"
            )
        shift = MULTIPLIER_BITS - (math.frexp(largest)[1] - 1)
        multiplier_a, multiplier_b = round(math.ldexp(ratio_a, shift)), round(math.ldexp(ratio_b, shift))
        bias = (1 << (shift - 1)) - multiplier_a * a.zero_point - multiplier_b * b.zero_point
        return AddFactors(multiplier_a, multiplier_b, bias, shift)

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 2, 1)
        for value in (*reads, *writes):
            expect_dtype(node, value, "int8")
            expect_shape(node, value, writes[0].shape)
        self.factors(reads[0], reads[1], writes[0])

    def tensors(self) -> tuple[PackedTensor, ...]:
        return ()
