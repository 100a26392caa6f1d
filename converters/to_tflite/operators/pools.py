"""Pools."""

import numpy as np

from converters.to_tflite.flatbuffer import schema
from converters.to_tflite.operators.padding import is_same, padded_with_least
from converters.to_tflite.writer import Writer
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import Node
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.graph.operators.window import Window


def pool(writer: Writer, node: Node, name: str) -> int:
    operator, (read,), (written,) = node.operator, writer.model.read_by(node), writer.model.written_by(node)
    assert isinstance(operator, MaxPool | AveragePool)
    x, same = writer.map_of(node.reads[0]), is_same(operator.window, read)
    if not same and any(operator.window.padding):
        if isinstance(operator, AveragePool):
            raise UnsupportedError(
                f"model '{writer.model.name}', layer '{node.name}': TFLite averages with padding "
                f"{operator.window.padding} only as its SAME; pad in a layer of its own, or choose another target"
            )
        x = padded_with_least(writer, x, f"{name}.padded", read, operator.window.padding)
    options = options_of(operator.window, same)
    options.fusedActivationFunction = writer.fused(operator.limits, written)
    kind = "MAX_POOL_2D" if isinstance(operator, MaxPool) else "AVERAGE_POOL_2D"
    return writer.finish(kind, 2 if writer.quantised else 1, [x], name, written, operator.limits, options)


def options_of(window: Window, same: bool) -> "schema.Pool2DOptionsT":
    options = schema.Pool2DOptionsT()
    options.padding = schema.Padding.SAME if same else schema.Padding.VALID
    options.strideH, options.strideW = window.stride
    options.filterHeight, options.filterWidth = window.kernel
    return options


def global_average_pool(writer: Writer, node: Node, name: str) -> int:
    """Average: AVERAGE_POOL_2D in int8 that keeps its meaning, MEAN where it rescales, and in float."""
    operator, (read,), (written,) = node.operator, writer.model.read_by(node), writer.model.written_by(node)
    assert isinstance(operator, GlobalAveragePool)
    x, pooled = writer.map_of(node.reads[0]), written if len(written.shape) == 3 else None
    called = name if pooled else f"{name}.pooled"
    shape = (1, 1, read.channels)
    tensor = writer.tensor(called, written, shape)
    if writer.quantised and not operator.rescales:
        whole = Window(read.map_shape[:2], read.map_shape[:2])
        x = writer.graph.operator("AVERAGE_POOL_2D", 2, [x], tensor, options_of(whole, same=False))
    else:
        options = schema.ReducerOptionsT()
        options.keepDims = True
        axes = writer.graph.constant(f"{name}.axes", np.array([1, 2], np.int32))
        x = writer.graph.operator("MEAN", 2 if writer.quantised else 1, [x, axes], tensor, options)
    return writer.reshaped(x, name, written, written.shape)
