"""The same elements in the same order under another shape."""

from dataclasses import dataclass

from tinygmp.errors import ConfigError
from tinygmp.graph.operators.base import expect_counts, expect_same_meaning
from tinygmp.graph.values import Value
from tinygmp.sparse.tensor import PackedTensor


@dataclass(frozen=True)
class Reshape:
    """Rows, columns, channels in that order; flattening is a shape of (elements,)."""

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 1, 1)
        expect_same_meaning(node, reads[0], writes[0])
        if reads[0].size != writes[0].size:
            raise ConfigError(
                f"layer '{node}': {reads[0].size} elements become {writes[0].size}; a reshape keeps their number"
            )

    def tensors(self) -> tuple[PackedTensor, ...]:
        return ()
