"""The FastGRNN cell in integers: the equations of docs/arithmetic.md as ONNX nodes, equal to the bit.

ONNX has no arithmetic right shift, so x >> n is written as (x + 2**40) / 2**n - 2**(40 - n): the sum is positive,
where an int64 division rounds down. Matrix products run in float, which holds every partial sum exactly, because
MatMulInteger saturates inside on some CPUs; the weights are stored as int8 all the same. What depends on a gate's
16-bit pre-activation alone is computed once for all 65,536 of them, from the 33-byte table, and looked up in each step.
"""

import numpy as np

from converters.to_onnx.graph import Graph, TensorProto
from tinygmp.graph.operators.base import INT8_LIMIT
from tinygmp.graph.operators.fastgrnn import STATE_LIMIT, FastGrnn, LinearMap, LowRank, largest_sum
from tinygmp.graph.window_chain import WindowChain
from tinygmp.quant.gate_table import SEGMENT_BITS, TABLE_LIMIT
from tinygmp.quant.requantize import INT16_MAX, INT16_MIN, Requantizer
from tinygmp.sparse.tensor import PackedTensor

POSITIVE = 40  # 2**40 lifts every intermediate (all below 2**34 in magnitude) above zero
FLOAT32_EXACT = 2**24
KEPT_CURVE, GAIN_CURVE, TANH_CURVE = "rnn.z_of_gate", "rnn.gain_of_gate", "rnn.c_of_update"


class ExactCell:
    """Emits int64 nodes; the state is the reference's int16 state."""

    state_dtype = TensorProto.INT16
    inner_dtype = TensorProto.INT64
    extra_outputs = (("logits_int32", TensorProto.INT32),)

    def __init__(self, model: WindowChain) -> None:
        self.model = model

    def prepare(self, graph: Graph, counts: str) -> str:
        """Append the gates' curves and the folded normalisation: int16 counts to int64 within the vector's limit."""
        append_curves(graph, self.model.cell)
        limit = self.model.cell.vector_limit
        sensor = self.model.input
        wide = graph.op("Cast", counts, to=TensorProto.INT64)
        offset = graph.constant("sensor.offset", sensor.offset, np.int64)
        centred = clip(graph, graph.op("Sub", wide, offset), INT16_MIN, INT16_MAX)
        product = graph.op("Mul", centred, graph.constant("sensor.multiplier", sensor.multiplier, np.int64))
        return clip(graph, shift_right_rounded(graph, product, sensor.shift), -limit, limit)

    def step(self, graph: Graph, x: str, state: str) -> str:
        """Append one step: x int64 [batch, channels] and state int64 [batch, hidden] to the next state."""
        cell = self.model.cell
        w_sum = times(graph, apply_map(graph, cell, cell.w, x), 1 << cell.w_shift)
        u_sum = times(graph, apply_map(graph, cell, cell.u, self.entering(graph, state)), 1 << cell.u_shift)
        pre = requantize(graph, cell.pre_requantizer, graph.op("Add", w_sum, u_sum))
        gate = curve_index(graph, pre, "rnn.bias_gate", cell.bias_gate, cell.bias_gate_shift)
        update = curve_index(graph, pre, "rnn.bias_update", cell.bias_update, cell.bias_update_shift)
        kept = graph.op("Mul", graph.op("Gather", KEPT_CURVE, gate), state)
        added = graph.op("Mul", graph.op("Gather", GAIN_CURVE, gate), graph.op("Gather", TANH_CURVE, update))
        return clip(
            graph, shift_right_rounded(graph, graph.op("Add", kept, added), 9), -STATE_LIMIT, STATE_LIMIT
        )

    def entering(self, graph: Graph, state: str) -> str:
        """Append the state as matrices take it."""
        return state if self.model.cell.wide else top_byte(graph, state)

    def classify(self, graph: Graph, state: str) -> None:
        """Append 'logits_int32' as in the reference, 'logits' float32 in real units, and 'class' int64."""
        classifier = self.model.classifier
        limit = STATE_LIMIT if self.model.cell.wide else INT8_LIMIT
        product = exact_product(graph, classifier.weights, self.entering(graph, state), limit)
        bias = graph.constant("classifier.bias", classifier.bias, np.int64)
        total = graph.op("Add", product, bias)
        graph.op("Cast", total, output="logits_int32", to=TensorProto.INT32)
        scale = graph.constant("classifier.scale", self.model.logit_scale, np.float32)
        graph.op("Mul", graph.op("Cast", total, to=TensorProto.FLOAT), scale, output="logits")
        graph.op("ArgMax", "logits_int32", output="class", axis=1, keepdims=0)


def append_curves(graph: Graph, cell: FastGrnn) -> None:
    """Append z, 4 * a and c for every pre-activation -32768..32767, in that order."""
    pre = graph.op("Range", graph.integer(INT16_MIN), graph.integer(INT16_MAX + 1), graph.integer(1))
    z = graph.op("Add", half_tanh(graph, cell.table, pre, 1), graph.integer(256), output=KEPT_CURVE)
    rest = times(graph, graph.op("Sub", graph.integer(512), z), cell.zeta)
    a = graph.op("Add", shift_right(graph, rest, cell.zeta_shift), graph.integer(cell.nu))
    graph.op("Mul", a, graph.integer(4), output=GAIN_CURVE)
    graph.op("Identity", half_tanh(graph, cell.table, pre, 2), output=TANH_CURVE)


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
    dtype = TensorProto.FLOAT if largest_sum(tensor, limit) < FLOAT32_EXACT else TensorProto.DOUBLE
    stored = graph.constant(f"{tensor.name}.transposed", np.ascontiguousarray(tensor.decode().T))
    product = graph.op("MatMul", graph.op("Cast", x, to=dtype), graph.op("Cast", stored, to=dtype))
    return graph.op("Cast", product, to=TensorProto.INT64)


def requantize(graph: Graph, requantizer: Requantizer, accumulator: str) -> str:
    narrow = clip(graph, shift_right(graph, accumulator, requantizer.pre_shift), INT16_MIN, INT16_MAX)
    scaled = shift_right_rounded(graph, times(graph, narrow, requantizer.multiplier), requantizer.post_shift)
    return clip(graph, scaled, INT16_MIN, INT16_MAX)


def half_tanh(graph: Graph, table: np.ndarray, pre: str, stretch: int) -> str:
    """Append the signed table value of stretch * pre: -255..255.

    A segment of no rise after the last entry makes magnitudes from 8.0 up read that entry.
    """
    low_of = graph.constant("rnn.table", table, np.int64)
    rises = np.append(np.diff(table.astype(np.int64)), 0)
    magnitude = times(graph, graph.op("Abs", pre), stretch)
    inside = graph.op("Min", magnitude, graph.integer(TABLE_LIMIT))
    segment = graph.op("Div", inside, graph.integer(1 << SEGMENT_BITS))
    start = times(graph, segment, 1 << SEGMENT_BITS)
    fraction = graph.op("Div", graph.op("Sub", inside, start), graph.integer(1 << (SEGMENT_BITS - 8)))
    low = graph.op("Gather", low_of, segment)
    rise = graph.op("Gather", graph.constant("rnn.table_rise", rises), segment)
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
