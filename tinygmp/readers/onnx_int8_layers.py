"""Convolutions and matrices of quantised ONNX files; `X` and `QLinearX` share what they compute."""

from collections.abc import Callable

import numpy as np

from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.readers.folding import block_diagonal, flat
from tinygmp.readers.integer_graph import Meaning, Weights
from tinygmp.readers.onnx_int8_arrays import Quantised, tensor_meaning
from tinygmp.readers.onnx_int8_call import Call, Held, Pending, Result


def integer_bias(call: Call, reals: np.ndarray, read: Held, scales: np.ndarray) -> np.ndarray:
    """Return a bias in units of input scale times weight scale."""
    units = float(call.value(read).scale) * scales.astype(np.float64)
    return np.asarray(np.rint(np.asarray(reals, np.float64).reshape(-1) / units))


def narrow(call: Call, weights: Quantised) -> np.ndarray:
    try:
        return weights.narrow()
    except ValueError as error:
        raise call.unsupported(str(error)) from error


def convolution(call: Call, read: Held, weights: Quantised, bias: np.ndarray | None) -> Pending:
    """Return a convolution of weights [outputs, inputs of a group, rows, columns], depthwise where groups are."""
    q = narrow(call, weights)
    if q.ndim not in (3, 4) or (weights.scales.size > 1 and weights.axis != 0):
        raise call.unsupported(f"weights of shape {q.shape}, or with scales of another axis than outputs,")
    q = q[:, :, None] if q.ndim == 3 else q
    groups, channels = int(call.at.get("group", 1)), call.value(read).channels
    window = call.window(read, (q.shape[2], q.shape[3]))
    depthwise = groups == channels > 1 and q.shape[1] == 1
    laid = q.reshape(len(q), -1) if depthwise else flat(block_diagonal(q, groups))
    layer = Weights(np.ascontiguousarray(laid), weights.scales, bias)
    shape = (*window.output(*call.value(read).map_shape[:2]), len(q))

    def settle(meaning: Meaning, limits: Limits) -> Held:
        fields = call.made.fields(layer, limits) | {"window": window}
        operator = DepthwiseConv2d(**fields, multiplier=len(q) // channels) if depthwise else Conv2d(**fields)
        return Held(call.made.write(operator, [call.plain(read)], shape, meaning))

    return Pending(settle)


def conv(call: Call) -> Result:
    read, weights = call.held(), call.quantised(1)
    bias = integer_bias(call, call.reals(2), read, weights.scales) if call.has(2) else None
    return convolution(call, read, weights, bias)


def qlinear_conv(call: Call) -> Result:
    read = call.integers(0, 1)
    weights = tensor_meaning(call.constant(3), call.constant(4), call.constant(5), 0)
    bias = call.constant(8) if call.has(8) else None
    return convolution(call, read, weights, bias).settle(call.meaning(6), NO_LIMITS)


def matrix(call: Call, read: Held, weights: Quantised, bias: np.ndarray | None) -> Pending:
    """Return a matrix of weights [outputs, inputs], whose inputs stand as the file sees them."""
    q, value = narrow(call, weights), call.value(read)
    if not read.flat and value.positions > 1:
        raise call.unsupported("a matrix over the last axis of a map")
    if q.shape[1] != value.size:
        raise call.unsupported(f"a matrix of {q.shape[1]} columns times {value.size} values")
    rows, columns, channels = value.map_shape
    if read.flat:  # channels come first in the file and last here
        q = q.reshape(len(q), channels, rows, columns).transpose(0, 2, 3, 1).reshape(len(q), -1)
    layer = Weights(np.ascontiguousarray(q), weights.scales, bias)

    def settle(meaning: Meaning, limits: Limits) -> Held:
        return Held(call.made.fully_connect(read.value, layer, limits, meaning))

    def biased(reals: np.ndarray) -> Pending:
        return matrix(call, read, weights, integer_bias(call, reals, read, weights.scales))

    return Pending(settle, biased=biased if bias is None else None)


def outputs_first(call: Call, weights: Quantised, transposed: bool) -> Quantised:
    factors = {float(call.at.get("alpha", 1.0)), float(call.at.get("beta", 1.0))}
    if call.at.get("transA", 0) or factors != {1.0}:
        raise call.unsupported("a matrix with factors")
    try:
        return weights.matrix(transposed)
    except ValueError as error:
        raise call.unsupported(str(error)) from error


def gemm(call: Call) -> Result:
    read, weights = call.held(), outputs_first(call, call.quantised(1), bool(call.at.get("transB", 0)))
    bias = integer_bias(call, call.reals(2), read, weights.scales) if call.has(2) else None
    return matrix(call, read, weights, bias)


def qgemm(call: Call) -> Result:
    read, transposed = call.integers(0, 1), bool(call.at.get("transB", 0))
    stored = tensor_meaning(call.constant(3), call.constant(4), call.constant(5), 0 if transposed else 1)
    bias = call.constant(6).reshape(-1) if call.has(6) else None
    if not call.has(7):
        raise call.unsupported("an output of floats")
    return matrix(call, read, outputs_first(call, stored, transposed), bias).settle(
        call.meaning(7), NO_LIMITS
    )


def qlinear_matmul(call: Call) -> Result:
    read = call.integers(0, 1)
    stored = tensor_meaning(call.constant(3), call.constant(4).reshape(-1), call.constant(5).reshape(-1), 1)
    return matrix(call, read, outputs_first(call, stored, False), None).settle(call.meaning(6), NO_LIMITS)


LAYERS: dict[str, Callable[[Call], Result]] = {
    "Conv": conv,
    "QLinearConv": qlinear_conv,
    **dict.fromkeys(("Gemm", "MatMul"), gemm),
    "QGemm": qgemm,
    "QLinearMatMul": qlinear_matmul,
}
