"""From sums to outputs in the reference's own integers."""

import numpy as np

from converters.to_onnx.emitter import Emitter
from converters.to_onnx.graph import Graph, TensorProto
from tinygmp.graph.model import Node
from tinygmp.graph.operators.linear import Linear
from tinygmp.quant.rescaled_mean import FixedMean, Float32Mean
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
    return values.reshape((1, -1) if operator.rounds_once else (1, -1, 1, 1))


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
    if not operator.rounds_once:
        return rounded_twice(emitter, node, sums, beside(operator, multipliers), beside(operator, shifts))
    graph, unit = emitter.graph, beside(operator, np.int64(1) << (31 - shifts))
    multiplier = graph.constant(f"{node.name}.multiplier", beside(operator, multipliers.astype(np.int64)))
    product = graph.op(
        "Add", graph.op("Mul", sums, multiplier), graph.constant(f"{node.name}.half", unit >> 1)
    )
    return floor_divide(graph, product, graph.constant(f"{node.name}.unit", unit))


def rounded_twice(
    emitter: Emitter, node: Node, sums: str, multipliers: np.ndarray, shifts: np.ndarray
) -> str:
    """Append the product of sums and factors, multiplier * 2^(shift - 31), as TFLite's reference kernels round it."""
    graph = emitter.graph

    def constant(what: str, values: np.ndarray) -> str:
        return graph.constant(f"{node.name}.{what}", values.astype(np.int64))

    unit = np.int64(1) << np.maximum(-shifts, 0)
    if shifts.max() > 0:  # as the reference does, so that no product exceeds 64 bits
        sums = graph.op("Mul", sums, constant("left", np.int64(1) << np.maximum(shifts, 0)))
        sums = emitter.clip(sums, INT32_MIN, INT32_MAX)
    product = graph.op(
        "Add", graph.op("Mul", sums, constant("multiplier", multipliers)), graph.integer(1 << 30)
    )
    high = floor_divide(graph, product, graph.integer(1 << 31))
    # Halves go away from zero: a negative number is one less before half the unit is added.
    negative = emitter.cast(graph.op("Less", high, graph.integer(0)), TensorProto.INT64)
    less = graph.op("Mul", negative, constant("shifted", unit > 1))
    nudged = graph.op("Add", graph.op("Sub", high, less), constant("half", unit >> 1))
    return floor_divide(graph, nudged, constant("unit", unit))


def floor_divide(graph: Graph, numerator: str, unit: str) -> str:
    """Append int64 division that rounds toward minus infinity; ONNX's Div rounds toward zero."""
    remainder = graph.op("Mod", numerator, unit)  # of the unit's sign, so never negative
    return graph.op("Div", graph.op("Sub", numerator, remainder), unit)


def rounded_mean(graph: Graph, total: str, count: str, half: str) -> str:
    """Append int64 total / count, rounded half away from zero."""
    size = graph.op("Div", graph.op("Add", graph.op("Abs", total), half), count)
    return graph.op("Mul", size, graph.op("Sign", total))


def rescaled_mean(emitter: Emitter, node: Node, total: str, by: Float32Mean | FixedMean) -> str:
    """Append the int8 means of int64 sums as int64, with the scale and zero point that a mean writes."""
    graph = emitter.graph
    if isinstance(by, Float32Mean):
        factor = graph.constant(f"{node.name}.factor", by.factor, np.float32)
        offset = graph.constant(f"{node.name}.offset", by.offset, np.float32)
        product = graph.op("Mul", emitter.cast(total, TensorProto.FLOAT), factor)
        rounded = emitter.cast(graph.op("Round", graph.op("Add", product, offset)), TensorProto.INT64)
        return emitter.clip(rounded, -128, 127)
    multiplier, shift = np.array([by.multiplier]), np.array([by.shift])
    centred = graph.op("Add", total, graph.integer(by.bias))
    moved = graph.op("Add", rounded_twice(emitter, node, centred, multiplier, shift), graph.integer(by.zero))
    return emitter.clip(moved, -128, 127)
