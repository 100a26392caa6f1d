"""One FastGRNN cell in integers."""

from dataclasses import dataclass, field

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
from tinygmp.quant.requantize import INT16_MAX, Requantizer
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
    """A product of two factors: y = clip(requantize(first @ x)) to the cell's vectors, then second @ y."""

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

    With state_bits 16 it reads x16 and h, and writes the next h alone: U takes h in place of h8, vectors between
    low-rank factors are -32767..32767 and biases int16 with shift 0. For networks whose state grows far beyond what a
    step moves it by.

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
    bias_gate: np.ndarray  # int8 [hidden], int16 with state_bits 16
    bias_gate_shift: int
    bias_update: np.ndarray  # the same
    bias_update_shift: int
    table: np.ndarray  # uint8 [33]
    zeta: int  # 0..255
    zeta_shift: int
    nu: int  # 0..16383
    state_bits: int = field(default=8, metadata={"told": "unless default"})  # of all that matrices multiply

    @property
    def wide(self) -> bool:
        """True where matrices multiply 16 bits."""
        return self.state_bits == 16

    @property
    def vector_limit(self) -> int:
        """The largest magnitude of the input and of a vector between low-rank factors."""
        return INT16_MAX if self.wide else INT8_LIMIT

    def limit_of(self, tensor: PackedTensor) -> int:
        """Return the largest magnitude of what one of the cell's tensors is multiplied by."""
        for linear, entering in (
            (self.w, self.vector_limit),
            (self.u, STATE_LIMIT if self.wide else INT8_LIMIT),
        ):
            parts = factors(linear)
            if tensor is parts[0]:
                return entering
            if tensor is parts[-1]:
                return self.vector_limit
        raise ConfigError(f"'{tensor.name}' is no tensor of this cell")

    def largest_sum(self, tensor: PackedTensor) -> int:
        """Return the largest magnitude of any row's sum of one of the cell's tensors."""
        return largest_sum(tensor, self.limit_of(tensor))

    def row_magnitudes(self, tensor: PackedTensor) -> np.ndarray:
        """Return int64 [rows]: the largest magnitude of each row's sum."""
        return row_magnitudes(tensor, self.limit_of(tensor))

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
        w_rows = self.row_magnitudes(factors(self.w)[-1]) << self.w_shift
        u_rows = self.row_magnitudes(factors(self.u)[-1]) << self.u_shift
        return int((w_rows + u_rows).max(initial=0))

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        if self.state_bits not in (8, 16):
            raise ConfigError(f"layer '{node}': state_bits {self.state_bits}; known: 8, 16")
        expect_counts(node, reads, writes, *((2, 1) if self.wide else (3, 2)))
        for name in ("bias_gate", "bias_update"):
            expect_array(
                node, name, getattr(self, name), np.int16 if self.wide else np.int8, (self.hidden_size,)
            )
            if self.wide:
                expect_range(node, f"{name}_shift", getattr(self, f"{name}_shift"), 0, 0)
        expect_array(node, "table", self.table, np.uint8, (SEGMENTS + 1,))
        for name, (low, high) in INTEGER_FIELDS.items():
            expect_range(node, name, getattr(self, name), low, high)
        expect_range(node, "a = zeta * 511 >> zeta_shift + nu", self.largest_update_gain, 0, 16383)
        if self.u.shape != (self.hidden_size, self.hidden_size):
            raise ConfigError(f"layer '{node}': U has shape {self.u.shape}, W has {self.w.shape}")
        for value, dtype, size in zip(
            (*reads, *writes),
            ("int16",) * 3 if self.wide else ("int8", "int16", "int8", "int16", "int8"),
            (self.input_size, *(self.hidden_size,) * (2 if self.wide else 4)),
            strict=True,
        ):
            expect_dtype(node, value, dtype)
            expect_shape(node, value, (size,))
        self.check_sums(node)

    def check_sums(self, node: str) -> None:
        """Raise RangeError when a 32-bit sum could overflow, whatever the input."""
        bounds = {f"{node}.pre": self.largest_accumulator}
        bounds |= {tensor.name: self.largest_sum(tensor) for tensor in self.tensors()}
        for name, bound in bounds.items():
            if bound > INT32_MAX:
                raise RangeError(
                    f"'{name}': the accumulator can reach {bound}, the 32-bit limit is {INT32_MAX}; "
                    "lower the shift or split the layer"
                )

    def tensors(self) -> tuple[PackedTensor, ...]:
        return factors(self.w) + factors(self.u)


def row_magnitudes(tensor: PackedTensor, limit: int = INT8_LIMIT) -> np.ndarray:
    """Return int64 [rows]: the largest magnitude of each row's sum over inputs in -limit..limit."""
    return np.abs(tensor.decode().astype(np.int64)).sum(axis=1) * limit


def largest_sum(tensor: PackedTensor, limit: int = INT8_LIMIT) -> int:
    """Return the largest magnitude of any row's sum over inputs in -limit..limit."""
    return int(row_magnitudes(tensor, limit).max(initial=0))
