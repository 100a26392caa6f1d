"""The records that a PackedModel is made of: integers as they lie in flash, and the scales that give them meaning."""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError, RangeError
from tinygmp.quant.gate_table import SEGMENTS
from tinygmp.quant.requantize import Requantizer
from tinygmp.sparse.tensor import PackedTensor

INT8_LIMIT = 127  # symmetric: -127..127, so that a product of two never needs more than 14 bits and a sign
STATE_LIMIT = 127 * 256  # the int16 state saturates here, so that its rounded top byte is again -127..127


@dataclass(frozen=True)
class SensorInput:
    """Raw int16 sensor counts to int8: the training set's normalisation, folded.

    x8 = clip((saturate16(counts - offset) * multiplier + 2**(shift-1)) >> shift, -127, 127), per channel;
    the real normalised value is x8 * scale.
    """

    name: str
    channel_names: tuple[str, ...]
    units: tuple[str, ...]
    counts_per_unit: tuple[float, ...]
    offset: np.ndarray  # int16 [channels]
    multiplier: np.ndarray  # int16 [channels], 1..32767
    shift: int  # 1..30
    scale: float

    def __post_init__(self) -> None:
        expect_array(self.name, "offset", self.offset, np.int16, (self.channels,))
        expect_array(self.name, "multiplier", self.multiplier, np.int16, (self.channels,))
        expect_range(self.name, "shift", self.shift, 1, 30)
        expect_range(self.name, "multiplier", int(self.multiplier.min()), 1, 32767)
        if not len(self.units) == len(self.counts_per_unit) == self.channels:
            raise ConfigError(f"layer '{self.name}': units and counts_per_unit need {self.channels} entries")

    @property
    def channels(self) -> int:
        return len(self.channel_names)


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
    """One FastGRNN cell in integers (Kusupati et al. 2018, equations 4-6; arithmetic in docs/arithmetic.md).

    acc  = (w @ x8 << w_shift) + (u @ h8 << u_shift)          int32, h8 = (h + 128) >> 8
    pre  = pre_requantizer(acc)                               int16 Q11
    z    = sigmoid(saturate16(pre + (bias_gate << bias_gate_shift)))      1..511   / 512
    c    = tanh(saturate16(pre + (bias_update << bias_update_shift)))     -255..255 / 256
    a    = (zeta * (512 - z) >> zeta_shift) + nu              0..16383
    h    = clip((z * h + 4 * a * c + 256) >> 9, -32512, 32512)
    """

    name: str
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
    state_scale: float  # real state of one unit of the int16 state

    def __post_init__(self) -> None:
        expect_array(self.name, "bias_gate", self.bias_gate, np.int8, (self.hidden_size,))
        expect_array(self.name, "bias_update", self.bias_update, np.int8, (self.hidden_size,))
        expect_array(self.name, "table", self.table, np.uint8, (SEGMENTS + 1,))
        for field, low, high in (
            ("w_shift", 0, 15),
            ("u_shift", 0, 15),
            ("bias_gate_shift", 0, 8),
            ("bias_update_shift", 0, 8),
            ("zeta", 0, 255),
            ("zeta_shift", 0, 16),
            ("nu", 0, 16383),
        ):
            expect_range(self.name, field, getattr(self, field), low, high)
        expect_range(self.name, "a = zeta * 511 >> zeta_shift + nu", self.largest_update_gain, 0, 16383)
        if self.u.shape != (self.hidden_size, self.hidden_size):
            raise ConfigError(f"layer '{self.name}': U has shape {self.u.shape}, W has {self.w.shape}")

    @property
    def input_size(self) -> int:
        return self.w.shape[1]

    @property
    def hidden_size(self) -> int:
        return self.w.shape[0]

    @property
    def largest_update_gain(self) -> int:
        return (self.zeta * 511 >> self.zeta_shift) + self.nu


@dataclass(frozen=True)
class FullyConnected:
    """logits = weights @ x8 + bias in int32; a real logit is logit * scale."""

    name: str
    weights: PackedTensor  # [classes, inputs]
    bias: np.ndarray  # int16 or int32 [classes]
    scale: float

    def __post_init__(self) -> None:
        dtype = np.int16 if self.bias.dtype == np.int16 else np.int32
        expect_array(self.name, "bias", self.bias, dtype, (self.weights.shape[0],))


Layer = SensorInput | FastGrnn | FullyConnected


def packed_tensors(layer: Layer) -> tuple[PackedTensor, ...]:
    """Return every packed weight tensor of a layer, in the order of execution."""
    if isinstance(layer, FastGrnn):
        return factors(layer.w) + factors(layer.u)
    return (layer.weights,) if isinstance(layer, FullyConnected) else ()


def expect_array(layer: str, field: str, array: np.ndarray, dtype: type, shape: tuple[int, ...]) -> None:
    if array.dtype != dtype or array.shape != shape:
        raise ConfigError(
            f"layer '{layer}': {field} is {array.dtype} {array.shape}, expected {np.dtype(dtype)} {shape}"
        )


def expect_range(layer: str, field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise RangeError(f"layer '{layer}': {field} {value} is outside {low}..{high}; rescale the layer")
