"""The real numbers that a WindowChain's integers stand for: what float back ends compute.

Every quantity is a fraction of its full scale, so that saturation is a clip to -1..1:

    x = clip(round((counts - offset) * input_gain) / input_limit, -1, 1)    input_limit: 127, or 32767 of a wide cell
    p = w(x) + u(h)                                           a LowRank map clips between its factors
    z = sigmoid(p + bias_gate),  c = tanh(p + bias_update)
    h = clip(z * h + (zeta * (1 - z) + nu) * c, -1, 1)              1 is 32512 units of the int16 state
    logits = classifier @ h + classifier_bias                       in the real units of training

This is reference.py with the true sigmoid and tanh and without any rounding after the input's. The input is
rounded as the reference rounds it (but ties go to even): that alone halves the disagreement, at the price of two
operators over the channels. The coefficients come from the integers that the reference multiplies by (shifts,
multipliers), not from the tensors' nominal scales.
"""

from dataclasses import dataclass

import numpy as np

from tinygmp.graph.model import Node
from tinygmp.graph.operators.base import INT8_LIMIT
from tinygmp.graph.operators.fastgrnn import STATE_LIMIT, FastGrnn, LinearMap, LowRank
from tinygmp.graph.operators.gated_cell import HIDDEN_SCALE, GatedCell
from tinygmp.graph.operators.hidden_layer import HiddenLayer
from tinygmp.graph.window_chain import WindowChain
from tinygmp.quant.gate_table import PRE_FRACTION_BITS
from tinygmp.quant.requantize import INT16_MAX

GATE_ONE = 512  # z of the reference is in units of 1/512
TANH_ONE = 256


@dataclass(frozen=True)
class RealMatrix:
    """A matrix as unit * q, with q int8 [rows, columns]; zero weights are exactly 0."""

    name: str
    q: np.ndarray
    unit: float

    @property
    def float32(self) -> np.ndarray:
        return (self.q * self.unit).astype(np.float32)


@dataclass(frozen=True)
class RealLayer:
    """clip(matrix @ x + bias, low, high) of fractions of full scale, which 32767 units are."""

    matrix: RealMatrix
    bias: np.ndarray
    low: float  # -1 or 0 and more
    high: float  # at most 1


@dataclass(frozen=True)
class RealEnds:
    """What is before and behind the cells, float64; the classifier takes fractions of the last output's full scale."""

    offset: np.ndarray  # int16 [channels]
    input_gain: np.ndarray  # [channels], units of the input a count
    input_limit: int
    classifier: RealMatrix
    classifier_bias: np.ndarray  # [classes]
    hidden: tuple[RealLayer, ...] = ()

    @property
    def channels(self) -> int:
        return len(self.offset)

    @property
    def classes(self) -> int:
        return len(self.classifier_bias)


@dataclass(frozen=True)
class RealCell:
    """Coefficients of the equations above, float64; w and u hold one matrix, or two factors as applied."""

    w: tuple[RealMatrix, ...]
    u: tuple[RealMatrix, ...]
    bias_gate: np.ndarray  # [hidden]
    bias_update: np.ndarray  # [hidden]
    zeta: float
    nu: float

    @property
    def hidden_size(self) -> int:
        return len(self.bias_gate)


@dataclass(frozen=True)
class RealGatedCell:
    """A GRU or LSTM by gate: matrices of the input as a fraction of full scale and of the real state; biases."""

    w: tuple[RealMatrix, ...]
    u: tuple[RealMatrix, ...]
    bias: tuple[np.ndarray, ...]


def real_ends(model: WindowChain) -> RealEnds:
    """Return the coefficients before and behind a chain's cells; raises FormatError for a damaged weight stream."""
    classifier, sensor, last = model.classifier, model.input, model.cells[-1].operator
    fastgrnn_limit = STATE_LIMIT if model.wide else INT8_LIMIT
    state_limit = 1 / HIDDEN_SCALE if isinstance(last, GatedCell) else fastgrnn_limit
    layers = []
    for node in model.hidden:
        layers.append(real_layer(model, node, state_limit))
        state_limit = INT16_MAX
    return RealEnds(
        offset=sensor.offset,
        input_gain=sensor.multiplier * 2.0**-sensor.shift,
        input_limit=INT16_MAX if model.wide else INT8_LIMIT,
        classifier=RealMatrix(
            classifier.weights.name, classifier.weights.decode(), model.logit_scale * state_limit
        ),
        classifier_bias=classifier.bias * model.logit_scale,
        hidden=tuple(layers),
    )


def real_layer(model: WindowChain, node: Node, full_scale: float) -> RealLayer:
    """Return a hidden layer's coefficients; full_scale: of what it reads."""
    layer = node.operator
    assert isinstance(layer, HiddenLayer)
    unit = layer.requantizer.factor / INT16_MAX
    low, high = layer.clamp(model.model.values[node.writes[0]])
    matrix = RealMatrix(layer.weights.name, layer.weights.decode(), unit * full_scale)
    return RealLayer(matrix, layer.bias * unit, low / INT16_MAX, high / INT16_MAX)


def real_cell(cell: FastGrnn) -> RealCell:
    """Return the coefficients of a packed cell; raises FormatError when a weight stream is damaged."""
    pre_unit = cell.pre_requantizer.factor / 2**PRE_FRACTION_BITS
    bias_unit = 2.0**-PRE_FRACTION_BITS
    return RealCell(
        w=real_map(cell, cell.w, pre_unit * 2**cell.w_shift),
        u=real_map(cell, cell.u, pre_unit * 2**cell.u_shift),
        bias_gate=cell.bias_gate * (2**cell.bias_gate_shift * bias_unit),
        bias_update=cell.bias_update * (2**cell.bias_update_shift * bias_unit),
        zeta=cell.zeta * 2.0**-cell.zeta_shift * 4 * TANH_ONE / STATE_LIMIT,
        nu=cell.nu * 4 * TANH_ONE / GATE_ONE / STATE_LIMIT,
    )


def real_gated_cell(cell: GatedCell) -> RealGatedCell:
    """Return a cell's matrices and biases, gate by gate."""
    unit = 2.0**-PRE_FRACTION_BITS
    w, u = (
        tuple(
            RealMatrix(f"{tensor.name}.{gate}", tensor.decode()[gate :: cell.gates], by.factor * unit * one)
            for gate in range(cell.gates)
        )
        for tensor, by, one in (
            (cell.w, cell.w_requantizer, INT16_MAX),
            (cell.u, cell.u_requantizer, 1 / HIDDEN_SCALE),
        )
    )
    return RealGatedCell(w, u, tuple(np.ascontiguousarray(each) for each in cell.bias.T * unit))


def real_map(cell: FastGrnn, linear: LinearMap, unit: float) -> tuple[RealMatrix, ...]:
    """Return a map's matrices; unit: of its sums' integers. What enters each is a fraction of its own full scale."""
    if isinstance(linear, LowRank):
        vector = cell.vector_limit
        gain = linear.requantizer.factor * (cell.limit_of(linear.first) / vector)
        first = RealMatrix(linear.first.name, linear.first.decode(), gain)
        return first, RealMatrix(linear.second.name, linear.second.decode(), unit * vector)
    return (RealMatrix(linear.name, linear.decode(), unit * cell.limit_of(linear)),)
