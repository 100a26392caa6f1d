"""Pixels to int8."""

from dataclasses import dataclass

from tinygmp.graph.operators.base import expect_counts, expect_dtype, expect_shape
from tinygmp.graph.values import Value
from tinygmp.sparse.tensor import PackedTensor


@dataclass(frozen=True)
class PixelInput:
    """Reads a uint8 map and writes int8 of the same shape: q = pixel - 128."""

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 1, 1)
        expect_dtype(node, reads[0], "uint8")
        expect_dtype(node, writes[0], "int8")
        expect_shape(node, writes[0], reads[0].shape)

    def tensors(self) -> tuple[PackedTensor, ...]:
        return ()
