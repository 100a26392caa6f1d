"""Linear layers: sums of integer weights and inputs, exact in float64, and their way to outputs."""

import numpy as np

from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.operators.window import Window
from tinygmp.graph.reference.execute import Execute, Values
from tinygmp.graph.values import Value
from tinygmp.quant.rounding_multiply import float32_multiply, rounding_multiply, rounding_multiply_once


def conv2d(operator: Conv2d, reads: Values, writes: Values) -> Execute:
    weights = operator.weights.decode().astype(np.float64)
    return lambda x: (requantized(operator, reads[0], writes[0], conv_sums(operator, reads[0], weights, x)),)


def depthwise_conv2d(operator: DepthwiseConv2d, reads: Values, writes: Values) -> Execute:
    weights = operator.weights.decode().astype(np.float64)
    return lambda x: (
        requantized(operator, reads[0], writes[0], depthwise_sums(operator, reads[0], weights, x)),
    )


def fully_connected(operator: FullyConnected, reads: Values, writes: Values) -> Execute:
    weights = operator.weights.decode().astype(np.float64)

    def execute(x: np.ndarray) -> tuple[np.ndarray, ...]:
        sums = matrix_sums(operator, reads[0], weights, x)
        if writes[0].dtype == "int32":
            return (sums.astype(np.int32),)
        return (requantized(operator, reads[0], writes[0], sums),)

    return execute


def linear_sums(operator: Linear, read: Value, x: np.ndarray) -> np.ndarray:
    """Return int64 sums [batch, ..., outputs] with their bias, before they become outputs."""
    weights = operator.weights.decode().astype(np.float64)
    if isinstance(operator, Conv2d):
        return conv_sums(operator, read, weights, x)
    if isinstance(operator, DepthwiseConv2d):
        return depthwise_sums(operator, read, weights, x)
    return matrix_sums(operator, read, weights, x)


def conv_sums(operator: Conv2d, read: Value, weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    # float64 holds every partial sum exactly: the model's check keeps them below 2**31.
    taps = patches(centred(read, x), operator.window)
    sums = taps.reshape(*taps.shape[:3], -1) @ weights.T
    return sums.astype(np.int64) + operator.bias


def depthwise_sums(operator: DepthwiseConv2d, read: Value, weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    taps = patches(np.repeat(centred(read, x), operator.multiplier, axis=3), operator.window)
    taps = taps.reshape(*taps.shape[:3], operator.window.taps, -1)
    return np.einsum("brctk,kt->brck", taps, weights).astype(np.int64) + operator.bias


def matrix_sums(
    operator: FullyConnected | Linear, read: Value, weights: np.ndarray, x: np.ndarray
) -> np.ndarray:
    flat = x.reshape(len(x), -1).astype(np.float64) - read.zero_point
    return (flat @ weights.T).astype(np.int64) + operator.bias


def centred(read: Value, x: np.ndarray) -> np.ndarray:
    """Return float64 [batch, rows, columns, channels] without the zero point."""
    return x.reshape(len(x), *read.map_shape).astype(np.float64) - read.zero_point


def requantized(operator: Linear, read: Value, written: Value, sums: np.ndarray) -> np.ndarray:
    """Return the int8 outputs of int64 sums [..., outputs]."""
    multiply = rounding_multiply_once if operator.rounds_once else rounding_multiply
    multiply = float32_multiply if operator.rounding == "fp32" else multiply
    scaled = multiply(sums, *operator.requantizers(read, written))
    return np.clip(scaled + written.zero_point, *operator.limits.integers(written)).astype(np.int8)


def patches(x: np.ndarray, window: Window, border: float = 0) -> np.ndarray:
    """Return [batch, rows, columns, kernel rows, kernel columns, channels]: what each output position sees."""
    top, bottom, left, right = window.padding
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=border)
    seen = np.lib.stride_tricks.sliding_window_view(padded, window.extent, axis=(1, 2))  # type: ignore[call-overload]
    seen = seen[:, :: window.stride[0], :: window.stride[1], :, :: window.dilation[0], :: window.dilation[1]]
    return np.asarray(seen.transpose(0, 1, 2, 4, 5, 3))
