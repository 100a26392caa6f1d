"""Counts and pixels."""

import numpy as np

from converters.to_onnx.emitter import Emitter
from converters.to_onnx.exact_cell import shift_right_rounded
from converters.to_onnx.graph import TensorProto
from tinygmp.graph.model import Node
from tinygmp.graph.operators.base import INT8_LIMIT
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.quant.requantize import INT16_MAX, INT16_MIN


def pixel_input(emitter: Emitter, node: Node, x: str) -> str:
    graph, written = emitter.graph, emitter.model.written_by(node)[0]
    if emitter.exact:
        return graph.op("Sub", emitter.cast(x, TensorProto.INT64), graph.integer(128))
    zero = emitter.real(128.0 + written.zero_point)
    centred = graph.op("Sub", emitter.cast(x, TensorProto.FLOAT), zero)
    real = graph.op("Mul", centred, emitter.real(written.scale))
    return emitter.settle(real, written)


def sensor_input(emitter: Emitter, node: Node, x: str) -> str:
    """Append the folded normalisation; real forms round as the reference does, but ties go to even."""
    operator, graph, (written,) = node.operator, emitter.graph, emitter.model.written_by(node)
    assert isinstance(operator, SensorInput)
    shape = (-1, 1, 1) if len(written.shape) == 3 else (-1,)
    if emitter.exact:
        offset = graph.constant(f"{node.name}.offset", operator.offset.astype(np.int64).reshape(shape))
        multiplier = graph.constant(
            f"{node.name}.multiplier", operator.multiplier.astype(np.int64).reshape(shape)
        )
        centred = graph.op("Sub", emitter.cast(x, TensorProto.INT64), offset)
        product = graph.op("Mul", emitter.clip(centred, INT16_MIN, INT16_MAX), multiplier)
        return emitter.clip(shift_right_rounded(graph, product, operator.shift), -INT8_LIMIT, INT8_LIMIT)
    gain = (operator.multiplier * 2.0**-operator.shift).astype(np.float32).reshape(shape)
    offset = graph.constant(f"{node.name}.offset", operator.offset.astype(np.float32).reshape(shape))
    centred = graph.op("Sub", emitter.cast(x, TensorProto.FLOAT), offset)
    scaled = graph.op("Round", graph.op("Mul", centred, graph.constant(f"{node.name}.gain", gain)))
    cut = graph.op("Clip", scaled, emitter.real(-INT8_LIMIT), emitter.real(INT8_LIMIT))
    return emitter.settle(graph.op("Mul", cut, emitter.real(written.scale)), written)
