"""Convolutions and fully connected layers."""

import numpy as np

from converters.to_onnx.emitter import Emitter
from converters.to_onnx.graph import TensorProto
from converters.to_onnx.operators.rounding import exact_outputs
from tinygmp.graph.model import Node
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.values import Value

EXACT_FLOAT32 = 1 << 24  # integers below it, and sums of them, are exact in float32


def linear(emitter: Emitter, node: Node, x: str) -> str:
    operator, (read,), (written,) = node.operator, emitter.model.read_by(node), emitter.model.written_by(node)
    assert isinstance(operator, Linear)
    if isinstance(operator, FullyConnected):
        x = emitter.reshaped(x, read, Value(read.name, (read.size,), read.dtype, read.scale, read.zero_point))
    if emitter.exact:
        sums = exact_sums(emitter, node, operator, read, x)
        return sums if written.dtype == "int32" else exact_outputs(emitter, node, sums)
    weigh = quantised_weights if emitter.form == "int8" else real_weights
    weights, bias = weigh(emitter, node, operator, read)
    if isinstance(operator, FullyConnected):
        y = emitter.graph.op("Gemm", x, weights, bias)
    else:
        y = convolve(emitter, operator, read, x, weights, bias)
    return emitter.settle(y, written, operator.limits)


def convolve(emitter: Emitter, operator: Linear, read: Value, *inputs: str) -> str:
    """Append a convolution."""
    assert isinstance(operator, Conv2d | DepthwiseConv2d)
    window = operator.window
    top, bottom, left, right = window.padding
    return emitter.graph.op(
        "Conv",
        emitter.as_map(inputs[0], read),
        *inputs[1:],
        group=operator.inputs if isinstance(operator, DepthwiseConv2d) else 1,
        kernel_shape=list(window.kernel),
        strides=list(window.stride),
        dilations=list(window.dilation),
        pads=[top, left, bottom, right],
    )


def layout(operator: Linear, weights: np.ndarray) -> np.ndarray:
    """Return weights in ONNX's layout [outputs, inputs of a group, rows, columns], or [inputs, outputs]."""
    if not isinstance(operator, Conv2d | DepthwiseConv2d):
        return np.ascontiguousarray(weights.T)
    inputs = 1 if isinstance(operator, DepthwiseConv2d) else operator.inputs
    shaped = weights.reshape(operator.outputs, *operator.window.kernel, inputs)
    return np.ascontiguousarray(shaped.transpose(0, 3, 1, 2))


def real_weights(emitter: Emitter, node: Node, operator: Linear, read: Value) -> tuple[str, str]:
    real = (operator.weights.decode() * operator.weight_scales[:, None]).astype(np.float32)
    bias = (operator.bias * (np.float32(read.scale) * operator.weight_scales)).astype(np.float32)
    graph = emitter.graph
    return (
        graph.constant(f"{node.name}.weights", layout(operator, real)),
        graph.constant(f"{node.name}.bias", bias),
    )


def quantised_weights(emitter: Emitter, node: Node, operator: Linear, read: Value) -> tuple[str, str]:
    whole = operator.one_scale
    scales = operator.weight_scales[0] if whole else operator.weight_scales
    axis = 1 if isinstance(operator, FullyConnected) else 0  # of outputs
    q = layout(operator, operator.weights.decode())
    weights = dequantized(emitter, f"{node.name}.weights", q, scales, whole, axis)
    bias_scales = (np.float32(read.scale) * scales).astype(np.float32)
    return weights, dequantized(
        emitter, f"{node.name}.bias", operator.bias.astype(np.int32), bias_scales, whole
    )


def dequantized(
    emitter: Emitter, name: str, q: np.ndarray, scales: np.ndarray, whole: bool, axis: int = 0
) -> str:
    graph = emitter.graph
    stored = graph.constant(name, q)
    zeros = graph.constant(f"{name}.zero", np.zeros(np.shape(scales), q.dtype))
    scale = graph.constant(f"{name}.scale", scales, np.float32)
    if whole:
        return graph.op("DequantizeLinear", stored, scale, zeros)
    return graph.op("DequantizeLinear", stored, scale, zeros, axis=axis)


def exact_sums(emitter: Emitter, node: Node, operator: Linear, read: Value, x: str) -> str:
    """Append int64 sums of weights and inputs with their bias; in parts where float32 would round."""
    graph = emitter.graph
    centred = graph.op("Sub", x, graph.integer(read.zero_point))
    real = emitter.cast(centred, TensorProto.FLOAT)
    q = operator.weights.decode()
    rows = np.abs(q).sum(axis=1, dtype=np.int64).max() * 255
    parts = int(rows // EXACT_FLOAT32) + 1
    group = np.arange(q.shape[1]) % parts
    total = ""
    for part in range(parts):
        chosen = layout(operator, np.where(group == part, q, 0).astype(np.int8))
        name = f"{node.name}.weights" + (f".{part}" if parts > 1 else "")
        weights = emitter.cast(graph.constant(name, chosen), TensorProto.FLOAT)
        flat = isinstance(operator, FullyConnected)
        one = graph.op("MatMul", real, weights) if flat else convolve(emitter, operator, read, real, weights)
        one = emitter.cast(one, TensorProto.INT64)
        total = graph.op("Add", total, one) if total else one
    shape = (1, -1) if isinstance(operator, FullyConnected) else (1, -1, 1, 1)
    return graph.op(
        "Add", total, graph.constant(f"{node.name}.bias", operator.bias.astype(np.int64).reshape(shape))
    )
