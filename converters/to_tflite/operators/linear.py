"""Convolutions and fully connected layers."""

import numpy as np

from converters.to_tflite.flatbuffer import schema
from converters.to_tflite.operators.padding import is_same, padded
from converters.to_tflite.operators.planar import evened, mirrored
from converters.to_tflite.operators.weights import bias, weights
from converters.to_tflite.writer import Writer
from tinygmp.graph.model import Node
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.values import Value
from tinygmp.quant.requantize import INT16_MAX


def convolution(writer: Writer, node: Node, name: str) -> int:
    operator, (read,), (written,) = node.operator, writer.model.read_by(node), writer.model.written_by(node)
    assert isinstance(operator, Conv2d | DepthwiseConv2d)
    window = mirrored(operator.window) if writer.mirrored else operator.window
    x, same = writer.map_of(node.reads[0]), is_same(window, read)
    if writer.form == "f32_sparse" and window.stride != (1, 1):
        window, same = evened(window, read), not any(window.padding)
    if not same and any(window.padding):
        x = padded(writer, x, f"{name}.padded", read, window.padding)
    depthwise = isinstance(operator, DepthwiseConv2d)
    options = schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
    options.padding = schema.Padding.SAME if same else schema.Padding.VALID
    options.strideH, options.strideW = window.stride
    options.dilationHFactor, options.dilationWFactor = window.dilation
    options.fusedActivationFunction = writer.fused(operator.limits, written)
    if isinstance(operator, DepthwiseConv2d):
        options.depthMultiplier = operator.multiplier
    kind, version = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", 3 if writer.quantised else 1
    inputs = [x, weights(writer, node, operator), bias(writer, node, operator, read)]
    return writer.finish(kind, version, inputs, name, written, operator.limits, options)


def fully_connected(writer: Writer, node: Node, name: str) -> int:
    operator, (read,), (written,) = node.operator, writer.model.read_by(node), writer.model.written_by(node)
    assert isinstance(operator, FullyConnected)
    x = writer.tensors[node.reads[0]]
    if read.positions > 1:
        x = writer.reshaped(x, f"{name}.flat", read, (read.size,))
    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = writer.fused(operator.limits, written)
    if written.dtype == "int32" and writer.quantised:
        return answer_16(writer, node, operator, read, x, name)
    inputs = [x, weights(writer, node, operator), bias(writer, node, operator, read)]
    version = 4 if writer.quantised else 1
    return writer.finish("FULLY_CONNECTED", version, inputs, name, written, operator.limits, options)


def answer_16(writer: Writer, node: Node, operator: FullyConnected, read: Value, x: int, name: str) -> int:
    """Add a matrix whose sums are the answer, as int16 in the finest scale that holds the largest sum.

    TFLite gives no sums as they are, and its int8 would hold few steps of a range that no input reaches.
    """
    graph = writer.graph
    wide = graph.tensor(f"{name}.wide", (1, read.size), np.int16, read.scale)
    graph.operator("QUANTIZE", 2, [x], wide, schema.QuantizeOptionsT())
    unit = float(np.float32(read.scale) * operator.weight_scales[0])
    bias = graph.constant(f"{node.name}.bias", operator.bias.astype(np.int64), unit)
    scale = float(np.float32(operator.largest_accumulator() * unit / INT16_MAX)) or 1.0
    inputs = [wide, weights(writer, node, operator), bias]
    written = graph.tensor(name, (1, operator.outputs), np.int16, scale)
    return graph.operator("FULLY_CONNECTED", 7, inputs, written, schema.FullyConnectedOptionsT())
