"""From sums to outputs in the reference's own integers."""

import numpy as np

from converters.to_onnx.emitter import Emitter
from converters.to_onnx.graph import Graph, TensorProto
from tinygmp.graph.model import Node
from tinygmp.graph.operators.linear import Linear
from tinygmp.quant.rounding_multiply import INT32_MAX, INT32_MIN


def exact_outputs(emitter: Emitter, node: Node, sums: str) -> str:
    """Append the int8 outputs of int64 sums as int64."""
    operator, (read,), (written,) = node.operator, emitter.model.read_by(node), emitter.model.written_by(node)
    assert isinstance(operator, Linear)
    multipliers, shifts = operator.requantizers(read, written)
    product = float32_product if operator.rounding == "fp32" else gemmlowp_product
    scaled = product(emitter, node, operator, sums, multipliers, shifts)
    moved = emitter.graph.op("Add", scaled, emitter.graph.integer(written.zero_point))
    return emitter.clip(moved, *operator.limits.integers(written))


def beside(operator: Linear, values: np.ndarray) -> np.ndarray:
    """Return numbers of each output in the shape in which they stand beside a map, or beside a vector."""
    return values.reshape((1, -1) if operator.one_scale else (1, -1, 1, 1))


def float32_product(
    emitter: Emitter, node: Node, operator: Linear, sums: str, multipliers: np.ndarray, shifts: np.ndarray
) -> str:
    """Append the float32 product of sums and factors, rounded half to even as ONNX's Round does."""
    graph = emitter.graph
    factors = beside(operator, np.ldexp(multipliers.astype(np.float32), shifts - 31))
    product = graph.op(
        "Mul", emitter.cast(sums, TensorProto.FLOAT), graph.constant(f"{node.name}.factor", factors)
    )
    return emitter.cast(graph.op("Round", product), TensorProto.INT64)


def gemmlowp_product(
    emitter: Emitter, node: Node, operator: Linear, sums: str, multipliers: np.ndarray, shifts: np.ndarray
) -> str:
    """Append the product rounded twice, or once in a fully connected layer."""
    graph = emitter.graph

    def channels(what: str, values: np.ndarray) -> str:
        return graph.constant(f"{node.name}.{what}", beside(operator, values.astype(np.int64)))

    multiplier = channels("multiplier", multipliers)
    if operator.one_scale:
        unit = np.int64(1) << (31 - shifts)
        product = graph.op("Mul", sums, multiplier)
        product = graph.op("Add", product, channels("half", unit >> 1))
        return floor_divide(graph, product, channels("unit", unit))
    unit = np.int64(1) << np.maximum(-shifts, 0)
    if shifts.max() > 0:  # as the reference does, so that no product exceeds 64 bits
        sums = graph.op("Mul", sums, channels("left", np.int64(1) << np.maximum(shifts, 0)))
        sums = emitter.clip(sums, INT32_MIN, INT32_MAX)
    product = graph.op("Add", graph.op("Mul", sums, multiplier), graph.integer(1 << 30))
    high = floor_divide(graph, product, graph.integer(1 << 31))
    # Halves go away from zero: a negative number is one less before half the unit is added.
    negative = emitter.cast(graph.op("Less", high, graph.integer(0)), TensorProto.INT64)
    less = graph.op("Mul", negative, channels("shifted", unit > 1))
    nudged = graph.op("Add", graph.op("Sub", high, less), channels("half", unit >> 1))
    return floor_divide(graph, nudged, channels("unit", unit))


def floor_divide(graph: Graph, numerator: str, unit: str) -> str:
    """Append int64 division that rounds toward minus infinity; ONNX's Div rounds toward zero."""
    remainder = graph.op("Mod", numerator, unit)  # of the unit's sign, so never negative
    return graph.op("Div", graph.op("Sub", numerator, remainder), unit)


def rounded_mean(graph: Graph, total: str, count: str, half: str) -> str:
    """Append int64 total / count, rounded half away from zero."""
    size = graph.op("Div", graph.op("Add", graph.op("Abs", total), half), count)
    return graph.op("Mul", size, graph.op("Sign", total))
