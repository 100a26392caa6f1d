"""Shares of one from logits, in integers."""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.graph.operators.base import expect_counts, expect_dtype, expect_shape
from tinygmp.graph.values import Value
from tinygmp.sparse.tensor import PackedTensor

SCALE, ZERO_POINT = 1 / 256, -128  # what TFLite asks of an int8 softmax
ENTRY_BITS = 15
MOST_CHANNELS = 65535  # sums of entries of 2^15 stay below 2^31


@dataclass(frozen=True)
class Softmax:
    """Of int8 logits over the channels of a vector, by a table of exponentials.

    q = -128 + min(255, (256 * e[max - x] + sum / 2) / sum), e[d] = round(2^15 * exp(-d * scale)), sum over all e.
    """

    def table(self, read: Value) -> np.ndarray:
        """Return uint16 entries for differences 0, 1, ... up to the first that is 0, at most 256."""
        entries = np.rint(2.0**ENTRY_BITS * np.exp(-np.arange(256) * read.scale)).astype(np.uint16)
        return entries[: int(np.count_nonzero(entries)) + 1]

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 1, 1)
        for value in (*reads, *writes):
            expect_dtype(node, value, "int8")
        if len(reads[0].shape) != 1:
            raise ConfigError(f"layer '{node}': softmax of shape {reads[0].shape}; flatten it first")
        expect_shape(node, writes[0], reads[0].shape)
        if (writes[0].scale, writes[0].zero_point) != (SCALE, ZERO_POINT):
            raise ConfigError(
                f"layer '{node}': its output has scale {writes[0].scale} and zero point {writes[0].zero_point}, "
                f"expected {SCALE} and {ZERO_POINT}"
            )

    def tensors(self) -> tuple[PackedTensor, ...]:
        return ()
