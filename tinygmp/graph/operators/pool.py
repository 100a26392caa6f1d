"""The largest or the mean of what a kernel sees, channel by channel."""

from dataclasses import dataclass, field

from tinygmp.errors import ConfigError, RangeError
from tinygmp.graph.operators.base import expect_counts, expect_dtype, expect_same_meaning, expect_shape
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.window import Window
from tinygmp.graph.values import Value
from tinygmp.quant.rescaled_mean import FixedMean, Float32Mean, fixed_mean, float32_mean
from tinygmp.quant.rounding_multiply import ROUNDINGS
from tinygmp.sparse.tensor import PackedTensor

MOST_POSITIONS = 1 << 23  # of a mean, so that sums of int8 stay inside 31 bits
KEEPS = "away"  # the rounding of a mean that keeps scale and zero point: halves away from zero


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
    """The mean over rows and columns.

    rounding: 'away' keeps scale and zero point and rounds halves away from zero; one of ROUNDINGS writes any, as
    TFLite's MEAN does (tinygmp/quant/rescaled_mean.py).
    """

    rounding: str = field(default=KEEPS, metadata={"told": "unless default"})

    @property
    def rescales(self) -> bool:
        """True where what it writes may have another meaning."""
        return self.rounding != KEEPS

    def scaling(self, read: Value, written: Value) -> Float32Mean | FixedMean:
        """Return how sums become outputs; RangeError where scales lie too far apart."""
        make = float32_mean if self.rounding == "fp32" else fixed_mean
        return make(read.positions, (read.scale, written.scale), (read.zero_point, written.zero_point))

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 1, 1)
        expect_dtype(node, reads[0], "int8")
        expect_dtype(node, writes[0], "int8")
        if writes[0].size != reads[0].channels:
            raise ConfigError(
                f"layer '{node}': '{writes[0].name}' has {writes[0].size} elements, expected {reads[0].channels}"
            )
        if reads[0].positions > MOST_POSITIONS:
            raise ConfigError(
                f"layer '{node}': a mean of {reads[0].positions}, the limit is {MOST_POSITIONS}"
            )
        self.check_meaning(node, reads[0], writes[0])

    def check_meaning(self, node: str, read: Value, written: Value) -> None:
        if not self.rescales:
            expect_same_meaning(node, read, written)
            return
        if self.rounding not in ROUNDINGS:
            known = ", ".join((KEEPS, *ROUNDINGS))
            raise ConfigError(f"layer '{node}': rounding '{self.rounding}' is unknown; known: {known}")
        if not (read.scale > 0 and written.scale > 0):
            raise RangeError(f"layer '{node}': a mean that rescales needs scales above 0; calibrate again")
        try:
            self.scaling(read, written)
        except RangeError as error:
            raise RangeError(f"layer '{node}': {error}") from error

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
