"""Recurrent cells in integers: the equations of docs/arithmetic.md as ONNX nodes, equal to the bit.

ONNX has no arithmetic right shift, so x >> n is written as (x + 2**40) / 2**n - 2**(40 - n): the sum is positive,
where an int64 division rounds down. Matrix products run in float, which holds every partial sum exactly, because
MatMulInteger saturates inside on some CPUs; the weights are stored as int8 all the same. What depends on a gate's
16-bit pre-activation alone is computed once for all 65,536 of them, from the 33-byte table, and looked up in each step.
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from converters.carried import carried_by
from converters.to_onnx.graph import Graph, TensorProto
from tinygmp.graph.model import Node
from tinygmp.graph.operators.base import INT8_LIMIT
from tinygmp.graph.operators.fastgrnn import STATE_LIMIT, FastGrnn, LinearMap, LowRank
from tinygmp.graph.operators.gated_cell import GatedCell, Lstm
from tinygmp.graph.operators.hidden_layer import HiddenLayer
from tinygmp.graph.window_chain import WindowChain
from tinygmp.quant.gate_table import PRE_FRACTION_BITS, SEGMENT_BITS, TABLE_LIMIT
from tinygmp.quant.requantize import INT16_MAX, INT16_MIN, Requantizer
from tinygmp.sparse.tensor import PackedTensor

POSITIVE = 40  # 2**40 lifts every intermediate (all below 2**34 in magnitude) above zero
FLOAT32_EXACT = 2**24
Z_CURVE, GAIN_CURVE, TANH_CURVE = "gates.sigmoid", "gain_of_gate", "gates.tanh"


class ExactCell:
    """Emits int64 nodes; the state is the reference's int16 state."""

    state_dtype = TensorProto.INT16
    inner_dtype = TensorProto.INT64
    extra_outputs = (("logits_int32", TensorProto.INT32),)

    def __init__(self, model: WindowChain) -> None:
        self.model = model

    def prepare(self, graph: Graph, counts: str) -> str:
        """Append the gates' curves and the folded normalisation: int16 counts to int64 within the vector's limit."""
        append_curves(graph, self.model)
        limit = INT16_MAX if self.model.wide else INT8_LIMIT
        sensor = self.model.input
        wide = graph.op("Cast", counts, to=TensorProto.INT64)
        offset = graph.constant("sensor.offset", sensor.offset, np.int64)
        centred = clip(graph, graph.op("Sub", wide, offset), INT16_MIN, INT16_MAX)
        product = graph.op("Mul", centred, graph.constant("sensor.multiplier", sensor.multiplier, np.int64))
        return clip(graph, shift_right_rounded(graph, product, sensor.shift), -limit, limit)

    def step(self, graph: Graph, x: str, states: Sequence[str]) -> list[str]:
        """Append one step: x int64 [batch, channels] and states int64 [batch, hidden] to the next states."""
        made: list[str] = []
        for node in self.model.cells:
            mine = states[len(made) : len(made) + carried_by(node)]
            if isinstance(node.operator, FastGrnn):
                made.append(fastgrnn_step(graph, node, x, mine[0]))
                x = made[-1]
            else:
                made += gated_step(graph, node, x, mine)
                x = made[-len(mine)]
        return made

    def classify(self, graph: Graph, state: str) -> None:
        """Append 'logits_int32' as in the reference, 'logits' float32 in real units, and 'class' int64."""
        classifier = self.model.classifier
        limit = INT16_MAX + 1 if self.model.wide else INT8_LIMIT
        entering = state if self.model.wide else top_byte(graph, state)
        for node in self.model.hidden:
            entering = hidden_layer(graph, self.model, node, entering)
        product = exact_product(graph, classifier.weights, entering, limit)
        bias = graph.constant("classifier.bias", classifier.bias, np.int64)
        total = graph.op("Add", product, bias)
        graph.op("Cast", total, output="logits_int32", to=TensorProto.INT32)
        scale = graph.constant("classifier.scale", self.model.logit_scale, np.float32)
        graph.op("Mul", graph.op("Cast", total, to=TensorProto.FLOAT), scale, output="logits")
        graph.op("ArgMax", "logits_int32", output="class", axis=1, keepdims=0)


def hidden_layer(graph: Graph, model: WindowChain, node: Node, x: str) -> str:
    layer = node.operator
    assert isinstance(layer, HiddenLayer)
    product = product_of(graph, layer.weights.name, layer.weights.decode(), x, INT16_MAX + 1)
    total = graph.op("Add", product, graph.constant(f"{node.name}.bias", layer.bias, np.int64))
    return clip(
        graph, requantize(graph, layer.requantizer, total), *layer.clamp(model.model.values[node.writes[0]])
    )


def fastgrnn_step(graph: Graph, node: Node, x: str, state: str) -> str:
    """Append a FastGRNN and return its next state."""
    cell = node.operator
    assert isinstance(cell, FastGrnn)
    entering = state if cell.wide else top_byte(graph, state)
    w_sum = times(graph, apply_map(graph, cell, cell.w, x), 1 << cell.w_shift)
    u_sum = times(graph, apply_map(graph, cell, cell.u, entering), 1 << cell.u_shift)
    pre = requantize(graph, cell.pre_requantizer, graph.op("Add", w_sum, u_sum))
    gate = curve_index(graph, pre, f"{node.name}.bias_gate", cell.bias_gate, cell.bias_gate_shift)
    update = curve_index(graph, pre, f"{node.name}.bias_update", cell.bias_update, cell.bias_update_shift)
    kept = graph.op("Mul", graph.op("Gather", Z_CURVE, gate), state)
    gain = graph.op("Gather", f"{node.name}.{GAIN_CURVE}", gate)
    added = graph.op("Mul", gain, graph.op("Gather", TANH_CURVE, update))
    total = graph.op("Add", kept, added)
    return clip(graph, shift_right_rounded(graph, total, 9), -STATE_LIMIT, STATE_LIMIT)


def append_curves(graph: Graph, model: WindowChain) -> None:
    """Append z and c for every pre-activation -32768..32767, in that order, and 4 * a of every FastGRNN."""
    table = next(
        node.operator.table for node in model.cells if isinstance(node.operator, FastGrnn | GatedCell)
    )
    pre = graph.op("Range", graph.integer(INT16_MIN), graph.integer(INT16_MAX + 1), graph.integer(1))
    z = graph.op("Add", half_tanh(graph, table, pre, 1), graph.integer(256), output=Z_CURVE)
    for node in model.cells:
        cell = node.operator
        if isinstance(cell, FastGrnn):
            rest = times(graph, graph.op("Sub", graph.integer(512), z), cell.zeta)
            a = graph.op("Add", shift_right(graph, rest, cell.zeta_shift), graph.integer(cell.nu))
            graph.op("Mul", a, graph.integer(4), output=f"{node.name}.{GAIN_CURVE}")
    graph.op("Identity", half_tanh(graph, table, pre, 2), output=TANH_CURVE)


def curve_index(graph: Graph, pre: str, name: str, bias: np.ndarray, shift: int) -> str:
    """Append the place of saturate16(pre + (bias << shift)) on the curves."""
    lifted = graph.constant(name, (bias.astype(np.int64) << shift) - INT16_MIN)
    return clip(graph, graph.op("Add", pre, lifted), 0, INT16_MAX - INT16_MIN)


def apply_map(graph: Graph, cell: FastGrnn, linear: LinearMap, x: str) -> str:
    if isinstance(linear, LowRank):
        product = exact_product(graph, linear.first, x, cell.limit_of(linear.first))
        inner = requantize(graph, linear.requantizer, product)
        x = clip(graph, inner, -cell.vector_limit, cell.vector_limit)
        return exact_product(graph, linear.second, x, cell.vector_limit)
    return exact_product(graph, linear, x, cell.limit_of(linear))


def exact_product(graph: Graph, tensor: PackedTensor, x: str, limit: int) -> str:
    """Append x @ weights.T of integers up to that magnitude, int64 in and out."""
    return product_of(graph, tensor.name, tensor.decode(), x, limit)


def product_of(graph: Graph, name: str, q: np.ndarray, x: str, limit: int) -> str:
    """Append the same of weights q int8 [rows, columns]."""
    largest = int(np.abs(q.astype(np.int64)).sum(axis=1).max(initial=0)) * limit
    dtype = TensorProto.FLOAT if largest < FLOAT32_EXACT else TensorProto.DOUBLE
    stored = graph.constant(f"{name}.transposed", np.ascontiguousarray(q.T))
    product = graph.op("MatMul", graph.op("Cast", x, to=dtype), graph.op("Cast", stored, to=dtype))
    return graph.op("Cast", product, to=TensorProto.INT64)


def requantize(graph: Graph, requantizer: Requantizer, accumulator: str) -> str:
    narrow = clip(graph, shift_right(graph, accumulator, requantizer.pre_shift), INT16_MIN, INT16_MAX)
    scaled = shift_right_rounded(graph, times(graph, narrow, requantizer.multiplier), requantizer.post_shift)
    return clip(graph, scaled, INT16_MIN, INT16_MAX)


def gated_step(graph: Graph, node: Node, x: str, states: Sequence[str]) -> list[str]:
    """Append a GRU or LSTM and return its next states, h first."""
    cell = node.operator
    assert isinstance(cell, GatedCell)
    w, u = (
        [
            requantize(
                graph,
                by,
                product_of(
                    graph, f"{tensor.name}.{gate}", tensor.decode()[gate :: cell.gates], value, 1 << 15
                ),
            )
            for gate in range(cell.gates)
        ]
        for tensor, by, value in ((cell.w, cell.w_requantizer, x), (cell.u, cell.u_requantizer, states[0]))
    )
    bias = [
        graph.constant(f"{node.name}.bias.{at}", np.ascontiguousarray(cell.bias[:, at]), np.int64)
        for at in range(4)
    ]
    if isinstance(cell, Lstm):
        return lstm_step(
            graph, cell, [added(graph, *parts) for parts in zip(w, u, bias, strict=True)], states[1]
        )
    r, z = (looked_up(graph, Z_CURVE, added(graph, w[at], u[at], bias[at])) for at in (0, 1))
    inner = graph.op("Mul", r, saturated(graph, added(graph, u[2], bias[3])))
    n = looked_up(graph, TANH_CURVE, added(graph, w[2], bias[2], shift_right_rounded(graph, inner, 9)))
    fresh = times(graph, graph.op("Mul", graph.op("Sub", graph.integer(512), z), n), 128)
    return [shift_right_rounded(graph, graph.op("Add", graph.op("Mul", z, states[0]), fresh), 9)]


def lstm_step(graph: Graph, cell: Lstm, pre: Sequence[str], before: str) -> list[str]:
    i, f, o = (looked_up(graph, Z_CURVE, pre[gate]) for gate in (0, 1, 3))
    g = looked_up(graph, TANH_CURVE, pre[2])
    fresh = times(graph, graph.op("Mul", i, g), 1 << (cell.cell_bits - 8))
    total = graph.op("Add", graph.op("Mul", f, before), fresh)
    after = saturated(graph, shift_right_rounded(graph, total, 9))
    shift = cell.cell_bits - PRE_FRACTION_BITS
    shown = shift_right_rounded(graph, after, shift) if shift > 0 else times(graph, after, 1 << -shift)
    hidden = graph.op("Mul", o, looked_up(graph, TANH_CURVE, shown))
    return [shift_right_rounded(graph, hidden, 2), after]


def added(graph: Graph, *parts: str) -> str:
    return reduce(lambda one, other: graph.op("Add", one, other), parts)


def looked_up(graph: Graph, curve: str, pre: str) -> str:
    """Append a curve's value at a sum that saturates to 16 bits."""
    return graph.op(
        "Gather", curve, clip(graph, graph.op("Sub", pre, graph.integer(INT16_MIN)), 0, INT16_MAX - INT16_MIN)
    )


def saturated(graph: Graph, x: str) -> str:
    return clip(graph, x, INT16_MIN, INT16_MAX)


def half_tanh(graph: Graph, table: np.ndarray, pre: str, stretch: int) -> str:
    """Append the signed table value of stretch * pre: -255..255.

    A segment of no rise after the last entry makes magnitudes from 8.0 up read that entry.
    """
    low_of = graph.constant("gates.table", table, np.int64)
    rises = np.append(np.diff(table.astype(np.int64)), 0)
    magnitude = times(graph, graph.op("Abs", pre), stretch)
    inside = graph.op("Min", magnitude, graph.integer(TABLE_LIMIT))
    segment = graph.op("Div", inside, graph.integer(1 << SEGMENT_BITS))
    start = times(graph, segment, 1 << SEGMENT_BITS)
    fraction = graph.op("Div", graph.op("Sub", inside, start), graph.integer(1 << (SEGMENT_BITS - 8)))
    low = graph.op("Gather", low_of, segment)
    rise = graph.op("Gather", graph.constant("gates.table_rise", rises), segment)
    t = graph.op("Add", low, shift_right_rounded(graph, graph.op("Mul", rise, fraction), 8))
    return graph.op("Where", graph.op("Less", pre, graph.integer(0)), graph.op("Neg", t), t)


def top_byte(graph: Graph, state: str) -> str:
    return shift_right_rounded(graph, state, 8)


def shift_right(graph: Graph, x: str, bits: int, rounding: int = 0) -> str:
    """Append floor((x + rounding) / 2**bits)."""
    if bits == 0:
        return x
    lifted = graph.op("Add", x, graph.integer((1 << POSITIVE) + rounding))
    divided = graph.op("Div", lifted, graph.integer(1 << bits))
    return graph.op("Sub", divided, graph.integer(1 << (POSITIVE - bits)))


def shift_right_rounded(graph: Graph, x: str, bits: int) -> str:
    return shift_right(graph, x, bits, 1 << (bits - 1))


def times(graph: Graph, x: str, factor: int) -> str:
    return x if factor == 1 else graph.op("Mul", x, graph.integer(factor))


def clip(graph: Graph, x: str, low: int, high: int) -> str:
    return graph.op("Clip", x, graph.integer(low), graph.integer(high))
