"""A matrix between a recurrent cell and the answer: int8 weights, everything else 16 bits."""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import RangeError
from tinygmp.graph.operators.base import expect_array, expect_counts, expect_dtype, expect_shape
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.values import Value
from tinygmp.quant.requantize import INT16_MAX, Requantizer
from tinygmp.quant.rounding_multiply import INT32_MAX
from tinygmp.sparse.tensor import PackedTensor


@dataclass(frozen=True)
class HiddenLayer:
    """y16 = clamp(requantize(weights @ x16 + bias)), clamped to its limits within -32767..32767; zero points are 0.

    weights [outputs, inputs]; bias: int32 [outputs] in units of the sums; see tinygmp/quant/requantize.py.
    """

    weights: PackedTensor
    bias: np.ndarray
    requantizer: Requantizer
    limits: Limits = NO_LIMITS

    @property
    def outputs(self) -> int:
        return self.weights.shape[0]

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 1, 1)
        expect_array(node, "bias", self.bias, np.int32, (self.outputs,))
        for value, size in ((reads[0], self.weights.shape[1]), (writes[0], self.outputs)):
            expect_dtype(node, value, "int16")
            expect_shape(node, value, (size,))
        if self.largest_sum() > INT32_MAX:
            raise RangeError(
                f"layer '{node}': the accumulator can reach {self.largest_sum()}, the limit is {INT32_MAX}; "
                "split the layer"
            )

    def largest_sum(self) -> int:
        """Return the largest magnitude of any sum, bias included."""
        rows = np.abs(self.weights.decode().astype(np.int64)).sum(axis=1) * (INT16_MAX + 1)
        return int((rows + np.abs(self.bias.astype(np.int64))).max())

    def clamp(self, written: Value) -> tuple[int, int]:
        """Return the smallest and largest output."""
        low, high = self.limits.integers(written)
        return max(low, -INT16_MAX), min(high, INT16_MAX)

    def tensors(self) -> tuple[PackedTensor, ...]:
        return (self.weights,)
