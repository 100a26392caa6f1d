"""A border of zeros around a map."""

from dataclasses import dataclass

from tinygmp.errors import ConfigError
from tinygmp.graph.operators.base import expect_counts, expect_dtype, expect_same_meaning, expect_shape
from tinygmp.graph.values import Value
from tinygmp.sparse.tensor import PackedTensor


@dataclass(frozen=True)
class Pad:
    """Adds top, bottom, left, right positions that hold the zero point; the meaning stays."""

    padding: tuple[int, int, int, int]

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 1, 1)
        expect_dtype(node, reads[0], "int8")
        expect_same_meaning(node, reads[0], writes[0])
        if min(self.padding) < 0:
            raise ConfigError(f"layer '{node}': padding {self.padding}: no side may be below 0; use a slice")
        top, bottom, left, right = self.padding
        rows, columns, channels = reads[0].map_shape
        expect_shape(node, writes[0], (rows + top + bottom, columns + left + right, channels))

    def tensors(self) -> tuple[PackedTensor, ...]:
        return ()
