"""The largest or the mean of what a kernel sees, channel by channel."""

from dataclasses import dataclass, field

from tinygmp.errors import ConfigError
from tinygmp.graph.operators.base import expect_counts, expect_dtype, expect_same_meaning, expect_shape
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.window import Window
from tinygmp.graph.values import Value
from tinygmp.sparse.tensor import PackedTensor

MOST_POSITIONS = 1 << 23  # of a mean, so that sums of int8 stay inside 31 bits


@dataclass(frozen=True)
class MaxPool:
    """The largest int8 of the positions inside the map, clamped; scale and zero point stay."""

    window: Window = field(default_factory=Window)
    limits: Limits = NO_LIMITS

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        check_pool(self.window, node, reads, writes)

    def tensors(self) -> tuple[PackedTensor, ...]:
        return ()


@dataclass(frozen=True)
class AveragePool:
    """The mean of the int8 positions inside the map, rounded half away from zero, clamped; the meaning stays.

    Positions outside of the map do not count, as in TFLite.
    """

    window: Window = field(default_factory=Window)
    limits: Limits = NO_LIMITS

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        check_pool(self.window, node, reads, writes)

    def tensors(self) -> tuple[PackedTensor, ...]:
        return ()


@dataclass(frozen=True)
class GlobalAveragePool:
    """The mean over rows and columns, rounded half away from zero; scale and zero point stay."""

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 1, 1)
        expect_dtype(node, reads[0], "int8")
        expect_same_meaning(node, reads[0], writes[0])
        if writes[0].size != reads[0].channels:
            raise ConfigError(
                f"layer '{node}': '{writes[0].name}' has {writes[0].size} elements, expected {reads[0].channels}"
            )
        if reads[0].positions > MOST_POSITIONS:
            raise ConfigError(
                f"layer '{node}': a mean of {reads[0].positions}, the limit is {MOST_POSITIONS}"
            )

    def tensors(self) -> tuple[PackedTensor, ...]:
        return ()


def check_pool(window: Window, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
    expect_counts(node, reads, writes, 1, 1)
    expect_dtype(node, reads[0], "int8")
    expect_same_meaning(node, reads[0], writes[0])
    if window.dilation != (1, 1):
        raise ConfigError(f"layer '{node}': dilation {window.dilation} of a pool; only (1, 1) is defined")
    if window.taps > MOST_POSITIONS:
        raise ConfigError(f"layer '{node}': a pool of {window.taps} positions, the limit is {MOST_POSITIONS}")
    expect_shape(node, writes[0], window.check(node, reads[0], reads[0].channels))
