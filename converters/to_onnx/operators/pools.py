"""Pools."""

from typing import Any

import numpy as np

from converters.to_onnx.emitter import Emitter
from converters.to_onnx.graph import TensorProto
from converters.to_onnx.operators.rounding import rescaled_mean, rounded_mean
from tinygmp.graph.model import Node
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.graph.operators.window import Window
from tinygmp.graph.reference.convolution import patches


def attributes(window: Window) -> dict[str, Any]:
    top, bottom, left, right = window.padding
    return {
        "kernel_shape": list(window.kernel),
        "strides": list(window.stride),
        "pads": [top, left, bottom, right],
    }


def max_pool(emitter: Emitter, node: Node, x: str) -> str:
    operator, (read,), (written,) = node.operator, emitter.model.read_by(node), emitter.model.written_by(node)
    assert isinstance(operator, MaxPool)
    x = emitter.as_map(x, read)
    if not emitter.exact:
        y = emitter.graph.op("MaxPool", x, **attributes(operator.window))
        return emitter.settle(y, written, operator.limits)
    real = emitter.cast(x, TensorProto.FLOAT)
    y = emitter.cast(emitter.graph.op("MaxPool", real, **attributes(operator.window)), TensorProto.INT64)
    return emitter.clip(y, *operator.limits.integers(written))


def average_pool(emitter: Emitter, node: Node, x: str) -> str:
    operator, (read,), (written,) = node.operator, emitter.model.read_by(node), emitter.model.written_by(node)
    assert isinstance(operator, AveragePool)
    graph, x = emitter.graph, emitter.as_map(x, read)
    if not emitter.exact:
        y = graph.op("AveragePool", x, count_include_pad=0, **attributes(operator.window))
        return emitter.settle(y, written, operator.limits)
    ones = graph.constant(
        f"{node.name}.ones", np.ones((read.channels, 1, *operator.window.kernel), np.float32)
    )
    real = emitter.cast(x, TensorProto.FLOAT)
    sums = graph.op("Conv", real, ones, group=read.channels, **attributes(operator.window))
    inside = patches(np.ones((1, *read.map_shape[:2], 1), np.int64), operator.window).sum(axis=(3, 4))
    counts = inside.transpose(0, 3, 1, 2)
    mean = rounded_mean(
        graph,
        emitter.cast(sums, TensorProto.INT64),
        graph.constant(f"{node.name}.counts", counts),
        graph.constant(f"{node.name}.halves", counts // 2),
    )
    return emitter.clip(mean, *operator.limits.integers(written))


def global_average_pool(emitter: Emitter, node: Node, x: str) -> str:
    operator, (read,), (written,) = node.operator, emitter.model.read_by(node), emitter.model.written_by(node)
    assert isinstance(operator, GlobalAveragePool)
    graph = emitter.graph
    if len(read.shape) == 1 and not operator.rescales:
        return x if len(written.shape) == 1 else emitter.as_map(x, read)
    x = emitter.as_map(x, read)
    if emitter.exact:
        total = graph.op("ReduceSum", x, graph.constant("axes.2.3", [2, 3], np.int64), keepdims=1)
        if operator.rescales:
            y = rescaled_mean(emitter, node, total, operator.scaling(read, written))
        else:
            y = rounded_mean(graph, total, graph.integer(read.positions), graph.integer(read.positions // 2))
    else:
        y = emitter.settle(graph.op("GlobalAveragePool", x), written)
    return graph.op("Flatten", y) if len(written.shape) == 1 else y
