"""Values side by side."""

from dataclasses import dataclass

from tinygmp.errors import ConfigError
from tinygmp.graph.operators.base import expect_dtype, expect_same_meaning, expect_shape
from tinygmp.graph.values import Value
from tinygmp.sparse.tensor import PackedTensor

MOST_INPUTS = 64


@dataclass(frozen=True)
class Concatenate:
    """Joins int8 values of one meaning along an axis, counted from the last one: -1 channels, -2 columns, -3 rows."""

    axis: int = -1

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        if not 1 <= len(reads) <= MOST_INPUTS or len(writes) != 1:
            raise ConfigError(f"layer '{node}' reads {len(reads)} values, the limits are 1 and {MOST_INPUTS}")
        if not -len(writes[0].shape) <= self.axis <= -1:
            raise ConfigError(
                f"layer '{node}': axis {self.axis} of shape {writes[0].shape}; count from the end, -1"
            )
        expected = list(writes[0].shape)
        expected[self.axis] = sum(
            value.shape[self.axis] for value in reads if len(value.shape) == len(expected)
        )
        expect_shape(node, writes[0], tuple(expected))
        for value in reads:
            part = list(expected)
            if len(value.shape) == len(part):
                part[self.axis] = value.shape[self.axis]
            expect_shape(node, value, tuple(part))
            expect_dtype(node, value, "int8")
            expect_same_meaning(node, value, writes[0])

    def tensors(self) -> tuple[PackedTensor, ...]:
        return ()
