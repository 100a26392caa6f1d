"""Sums of two values, and softmax."""

import numpy as np

from converters.to_onnx.emitter import Emitter
from converters.to_onnx.exact_cell import shift_right, times
from tinygmp.graph.model import Node
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.softmax import ZERO_POINT, Softmax


def add(emitter: Emitter, node: Node, a: str, b: str) -> str:
    operator, reads, (written,) = node.operator, emitter.model.read_by(node), emitter.model.written_by(node)
    assert isinstance(operator, Add)
    graph = emitter.graph
    if not emitter.exact:
        return emitter.settle(graph.op("Add", a, b), written, operator.limits)
    by = operator.factors(reads[0], reads[1], written)
    total = graph.op("Add", times(graph, a, by.multiplier_a), times(graph, b, by.multiplier_b))
    shifted = shift_right(graph, total, by.shift, by.bias)
    moved = graph.op("Add", shifted, graph.integer(written.zero_point))
    return emitter.clip(moved, *operator.limits.integers(written))


def softmax(emitter: Emitter, node: Node, x: str) -> str:
    operator, (read,), (written,) = node.operator, emitter.model.read_by(node), emitter.model.written_by(node)
    assert isinstance(operator, Softmax)
    graph = emitter.graph
    if not emitter.exact:
        return emitter.settle(graph.op("Softmax", x, axis=1), written)
    table = operator.table(read).astype(np.int64)
    below = graph.op("Sub", graph.op("ReduceMax", x, axes=[1], keepdims=1), x)
    place = graph.op("Min", below, graph.integer(len(table) - 1))
    parts = graph.op("Gather", graph.constant(f"{node.name}.table", table), place)
    total = graph.op("ReduceSum", parts, graph.constant("axes.1", [1], np.int64), keepdims=1)
    half = graph.op("Div", total, graph.integer(2))
    share = graph.op("Div", graph.op("Add", times(graph, parts, 256), half), total)
    return graph.op("Add", graph.op("Min", share, graph.integer(255)), graph.integer(ZERO_POINT))
