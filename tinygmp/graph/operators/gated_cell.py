"""GRU and LSTM cells in integers: int8 weights, everything else 16 bits."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinygmp.errors import ConfigError, RangeError
from tinygmp.graph.operators.base import (
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

BIASES = 4  # of a unit, in both cells
HIDDEN_SCALE = 2.0**-15  # real value of one unit of h
CELL_FRACTION_BITS = (8, 15)


@dataclass(frozen=True)
class GatedCell:
    """What both cells share: sums of input and state, each brought to Q11, and a table for sigmoid and tanh.

    w [gates * hidden, inputs], u [gates * hidden, hidden]: the gates of a unit follow one another, unit after unit.
    bias: int16 [hidden, 4] in Q11.
    """

    w: PackedTensor
    u: PackedTensor
    w_requantizer: Requantizer
    u_requantizer: Requantizer
    bias: np.ndarray
    table: np.ndarray  # uint8 [33]

    gates: ClassVar[int]
    states: ClassVar[int]

    @property
    def hidden_size(self) -> int:
        return self.u.shape[1]

    @property
    def input_size(self) -> int:
        return self.w.shape[1]

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 1 + self.states, self.states)
        rows = self.gates * self.hidden_size
        for name, tensor, columns in (("W", self.w, self.input_size), ("U", self.u, self.hidden_size)):
            if tensor.shape != (rows, columns):
                raise ConfigError(
                    f"layer '{node}': {name} has shape {tensor.shape}, expected {(rows, columns)}"
                )
        expect_array(node, "bias", self.bias, np.int16, (self.hidden_size, BIASES))
        expect_array(node, "table", self.table, np.uint8, (SEGMENTS + 1,))
        for value in (*reads, *writes):
            expect_dtype(node, value, "int16")
            expect_shape(node, value, (self.input_size if value is reads[0] else self.hidden_size,))
        for value in (reads[1], writes[0]):
            if value.scale != HIDDEN_SCALE:
                raise ConfigError(
                    f"layer '{node}': '{value.name}' has scale {value.scale}, a cell's output has 2**-15"
                )
        for tensor in self.tensors():
            if largest_sum(tensor) > INT32_MAX:
                raise RangeError(
                    f"'{tensor.name}': the accumulator can reach {largest_sum(tensor)}, the 32-bit limit is "
                    f"{INT32_MAX}; split the layer"
                )

    def tensors(self) -> tuple[PackedTensor, ...]:
        return self.w, self.u


@dataclass(frozen=True)
class Gru(GatedCell):
    """Reads x16 and the state h, writes the next h; rows of a unit are r, z, n, its biases b_r, b_z, b_n, b_un.

    w, u = sat16 of the requantised sums; every sum below saturates to 16 bits
    r  = sigmoid(w_r + u_r + b_r), z = sigmoid(w_z + u_z + b_z)                1..511 / 512
    n  = tanh(w_n + b_n + (r * sat16(u_n + b_un) + 256 >> 9))                  -255..255 / 256
    h  = (z * h + 128 * (512 - z) * n + 256) >> 9                              int16, 1 is 2**15

    Cho et al. 2014 with the state's product inside r, as cuDNN, PyTorch and Keras (reset_after) have it.
    """

    gates: ClassVar[int] = 3
    states: ClassVar[int] = 1


@dataclass(frozen=True)
class Lstm(GatedCell):
    """Reads x16, the state h and the cell c, writes the next h and c; rows and biases of a unit are i, f, g, o.

    i, f, o = sigmoid(w + u + b)                                               1..511 / 512
    g  = tanh(w_g + u_g + b_g)                                                 -255..255 / 256
    c  = sat16((f * c + (i * g << (cell_bits - 8)) + 256) >> 9)                1 is 2**cell_bits
    h  = (o * tanh(c in Q11, rounded, saturated) + 2) >> 2                     int16, 1 is 2**15

    Hochreiter and Schmidhuber 1997 with a forget gate (Gers et al. 2000).
    """

    cell_bits: int = 11

    gates: ClassVar[int] = 4
    states: ClassVar[int] = 2

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        super().check(node, reads, writes)
        expect_range(node, "cell_bits", self.cell_bits, *CELL_FRACTION_BITS)


def largest_sum(tensor: PackedTensor) -> int:
    """Return the largest magnitude of any row's sum over int16 inputs."""
    return int((np.abs(tensor.decode().astype(np.int64)).sum(axis=1) * (INT16_MAX + 1)).max(initial=0))
