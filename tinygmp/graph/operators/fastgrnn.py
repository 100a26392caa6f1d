"""One FastGRNN cell in integers."""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError, RangeError
from tinygmp.graph.operators.base import (
    INT8_LIMIT,
    expect_array,
    expect_counts,
    expect_dtype,
    expect_range,
    expect_shape,
)
from tinygmp.graph.values import Value
from tinygmp.quant.gate_table import SEGMENTS
from tinygmp.quant.requantize import Requantizer
from tinygmp.quant.rounding_multiply import INT32_MAX
from tinygmp.sparse.tensor import PackedTensor

STATE_LIMIT = 127 * 256  # the int16 state saturates here, so that its rounded top byte is again -127..127
INTEGER_FIELDS = {
    "w_shift": (0, 15),
    "u_shift": (0, 15),
    "bias_gate_shift": (0, 8),
    "bias_update_shift": (0, 8),
    "zeta": (0, 255),
    "zeta_shift": (0, 16),
    "nu": (0, 16383),
}


@dataclass(frozen=True)
class LowRank:
    """A product of two factors: y8 = clip(requantize(first @ x8), -127, 127), then second @ y8."""

    first: PackedTensor  # [rank, columns]
    requantizer: Requantizer
    second: PackedTensor  # [rows, rank]

    def __post_init__(self) -> None:
        if self.first.shape[0] != self.second.shape[1]:
            raise ConfigError(
                f"factors '{self.first.name}' {self.first.shape} and '{self.second.name}' {self.second.shape}: "
                "the rows of the first must equal the columns of the second"
            )

    @property
    def shape(self) -> tuple[int, int]:
        return self.second.shape[0], self.first.shape[1]

    @property
    def rank(self) -> int:
        return self.first.shape[0]


LinearMap = PackedTensor | LowRank


def factors(linear: LinearMap) -> tuple[PackedTensor, ...]:
    """Return the packed tensors of a map, in the order in which they are applied."""
    return (linear.first, linear.second) if isinstance(linear, LowRank) else (linear,)


@dataclass(frozen=True)
class FastGrnn:
    """Reads x8 [inputs], the state h [hidden] and its top byte h8; writes the next h and h8 (docs/arithmetic.md).

    acc  = (w @ x8 << w_shift) + (u @ h8 << u_shift)          int32
    pre  = pre_requantizer(acc)                               int16 Q11
    z    = sigmoid(saturate16(pre + (bias_gate << bias_gate_shift)))      1..511   / 512
    c    = tanh(saturate16(pre + (bias_update << bias_update_shift)))     -255..255 / 256
    a    = (zeta * (512 - z) >> zeta_shift) + nu              0..16383
    h    = clip((z * h + 4 * a * c + 256) >> 9, -32512, 32512), h8 = (h + 128) >> 8

    Kusupati et al. 2018, equations 4-6.
    """

    w: LinearMap
    u: LinearMap
    w_shift: int
    u_shift: int
    pre_requantizer: Requantizer
    bias_gate: np.ndarray  # int8 [hidden]
    bias_gate_shift: int
    bias_update: np.ndarray  # int8 [hidden]
    bias_update_shift: int
    table: np.ndarray  # uint8 [33]
    zeta: int  # 0..255
    zeta_shift: int
    nu: int  # 0..16383

    @property
    def input_size(self) -> int:
        return self.w.shape[1]

    @property
    def hidden_size(self) -> int:
        return self.w.shape[0]

    @property
    def largest_update_gain(self) -> int:
        return (self.zeta * 511 >> self.zeta_shift) + self.nu

    @property
    def largest_accumulator(self) -> int:
        """Return the largest magnitude of the pre-activation accumulator, row sums of W and U together."""
        w_rows = row_magnitudes(factors(self.w)[-1]) << self.w_shift
        u_rows = row_magnitudes(factors(self.u)[-1]) << self.u_shift
        return int((w_rows + u_rows).max(initial=0))

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 3, 2)
        expect_array(node, "bias_gate", self.bias_gate, np.int8, (self.hidden_size,))
        expect_array(node, "bias_update", self.bias_update, np.int8, (self.hidden_size,))
        expect_array(node, "table", self.table, np.uint8, (SEGMENTS + 1,))
        for field, (low, high) in INTEGER_FIELDS.items():
            expect_range(node, field, getattr(self, field), low, high)
        expect_range(node, "a = zeta * 511 >> zeta_shift + nu", self.largest_update_gain, 0, 16383)
        if self.u.shape != (self.hidden_size, self.hidden_size):
            raise ConfigError(f"layer '{node}': U has shape {self.u.shape}, W has {self.w.shape}")
        for value, dtype, size in zip(
            (*reads, *writes),
            ("int8", "int16", "int8", "int16", "int8"),
            (self.input_size, *(self.hidden_size,) * 4),
            strict=True,
        ):
            expect_dtype(node, value, dtype)
            expect_shape(node, value, (size,))
        self.check_sums(node)

    def check_sums(self, node: str) -> None:
        """Raise RangeError when a 32-bit sum could overflow, whatever the input."""
        bounds = {f"{node}.pre": self.largest_accumulator}
        bounds |= {tensor.name: largest_sum(tensor) for tensor in self.tensors()}
        for name, bound in bounds.items():
            if bound > INT32_MAX:
                raise RangeError(
                    f"'{name}': the accumulator can reach {bound}, the 32-bit limit is {INT32_MAX}; "
                    "lower the shift or split the layer"
                )

    def tensors(self) -> tuple[PackedTensor, ...]:
        return factors(self.w) + factors(self.u)


def row_magnitudes(tensor: PackedTensor) -> np.ndarray:
    """Return int64 [rows]: the largest magnitude of each row's sum over int8 inputs in -127..127."""
    return np.abs(tensor.decode().astype(np.int64)).sum(axis=1) * INT8_LIMIT


def largest_sum(tensor: PackedTensor) -> int:
    """Return the largest magnitude of any row's sum over int8 inputs in -127..127."""
    return int(row_magnitudes(tensor).max(initial=0))


def largest_row_sum(linear: LinearMap) -> int:
    """Return the largest magnitude of a map's sums."""
    return largest_sum(factors(linear)[-1])
