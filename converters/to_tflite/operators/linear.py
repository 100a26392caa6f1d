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

INT8_MAX = 127


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
        written = whole_range(operator, read, written)
    inputs = [x, weights(writer, node, operator), bias(writer, node, operator, read)]
    version = 4 if writer.quantised else 1
    return writer.finish("FULLY_CONNECTED", version, inputs, name, written, operator.limits, options)


def whole_range(operator: FullyConnected, read: Value, written: Value) -> Value:
    """Return an int8 meaning that covers the largest sum: TFLite's int8 kernels give no sums as they are."""
    largest = operator.largest_accumulator() * written.scale
    return Value(written.name, written.shape, "int8", float(np.float32(largest / INT8_MAX)))
