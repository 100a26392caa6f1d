"""What each operation of a quantised ONNX file becomes; `X` and `QLinearX` share what they compute."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.pad import Pad
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.graph.operators.softmax import SCALE, ZERO_POINT, Softmax
from tinygmp.graph.operators.window import Pair, Window
from tinygmp.readers.folding import block_diagonal, flat, sides_of
from tinygmp.readers.integer_graph import Meaning, Weights
from tinygmp.readers.onnx_int8_arrays import Quantised, tensor_meaning
from tinygmp.readers.onnx_int8_call import Call, Held, Pending

Result = Held | Pending
SHARES: Meaning = (SCALE, ZERO_POINT)
TO_FIRST, TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]  # how a transpose moves channels
CARRIER = 64  # of a value to which a constant is added: so many steps of it are one of the value


def window_of(call: Call, held: Held, kernel: Pair) -> Window:
    pads = [int(side) for side in call.at.get("pads", [0, 0, 0, 0])]
    half = len(pads) // 2
    top, left = (0, pads[0]) if half == 1 else (pads[0], pads[1])
    bottom, right = (0, pads[1]) if half == 1 else (pads[2], pads[3])
    if call.at.get("ceil_mode"):
        raise call.unsupported("a size rounded up")
    window = Window(kernel, call.two("strides"), call.two("dilations"), (top, bottom, left, right))
    same = {b"SAME_UPPER": "same", b"SAME_LOWER": "same_lower"}.get(call.at.get("auto_pad", b"NOTSET"))
    rows, columns, _ = call.value(held).map_shape
    return replace(window, padding=sides_of(same, (rows, columns), window)) if same else window


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
    window = window_of(call, read, (q.shape[2], q.shape[3]))
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


def rescaled(call: Call, held: Held, meaning: Meaning, limits: Limits) -> Held:
    """Return a value with another meaning or a clamp: itself, clamped by a pool, or times ones, channel by channel."""
    value, made = call.value(held), call.made
    if made.meaning(held.value) == meaning:
        if limits.integers(value) == value.limits:
            return held
        return replace(held, value=made.write(MaxPool(limits=limits), [held.value], value.map_shape, meaning))
    return scaled(
        call, held, meaning, limits, Weights(np.ones((value.channels, 1), np.int8), np.ones(1), None)
    )


def scaled(call: Call, held: Held, meaning: Meaning, limits: Limits, weights: Weights) -> Held:
    """Return a value times a weight for each channel."""
    value, operator = call.value(held), DepthwiseConv2d(**call.made.fields(weights, limits))
    written = call.made.write(operator, [held.value], value.map_shape, meaning)
    return replace(held, value=call.made.reshaped(written, value.shape), told=None)


def moved(call: Call, held: Held, constant: np.ndarray) -> Pending:
    """Return a value plus a constant for each channel."""
    channels = call.value(held).channels
    if constant.size not in (1, channels) or max(constant.shape, default=1) != constant.size or held.flat:
        raise call.unsupported(f"a sum with a constant of {constant.shape}, other than one a channel,")
    scales = np.full(1, 1 / CARRIER, np.float32)
    bias = np.broadcast_to(integer_bias(call, constant, held, scales), (channels,))
    weights = Weights(np.full((channels, 1), CARRIER, np.int8), scales, bias)
    return Pending(lambda meaning, limits: scaled(call, held, meaning, limits, weights))


def clamped(call: Call, limits: Limits) -> Pending:
    found = call.something()
    if isinstance(found, Pending):
        low, high = max(limits.low, found.limits.low), min(limits.high, found.limits.high)
        return replace(found, limits=Limits(low, high), biased=None)
    return Pending(lambda meaning, both: rescaled(call, found, meaning, both), limits)


def relu(call: Call) -> Result:
    return clamped(call, Limits(low=0.0))


def clip(call: Call) -> Result:
    low, high = (
        float(call.at[name]) if name in call.at else float(call.reals(at)) if call.has(at) else default
        for name, at, default in (("min", 1, -np.inf), ("max", 2, np.inf))
    )
    return clamped(call, Limits(low, high))


def two_added(call: Call, reads: list[Held]) -> Pending:
    shapes = [call.value(held).shape for held in reads]
    if len({*shapes}) > 1 or len({held.flat for held in reads}) > 1:
        raise call.unsupported(f"a sum of shapes {' and '.join(map(str, shapes))}")

    def settle(meaning: Meaning, limits: Limits) -> Held:
        written = call.made.write(Add(limits), [held.value for held in reads], shapes[0], meaning)
        return replace(reads[0], value=written)

    return Pending(settle)


def add(call: Call) -> Result:
    constants = [at for at in (0, 1) if call.is_constant(at)]
    if not constants:
        return two_added(call, [call.held(0), call.held(1)])
    found = call.something(1 - constants[0])
    if isinstance(found, Held):
        return moved(call, found, call.reals(constants[0]))
    if found.biased is not None:
        return found.biased(call.reals(constants[0]))
    raise call.unsupported("a sum of floats that nothing quantises")


def qlinear_add(call: Call) -> Result:
    for at, other in ((0, 3), (3, 0)):
        if call.is_constant(at):
            array = tensor_meaning(call.constant(at), call.constant(at + 1), call.constant(at + 2), 0)
            found = moved(call, call.integers(other, other + 1), array.reals())
            return found.settle(call.meaning(6), NO_LIMITS)
    return two_added(call, [call.integers(0, 1), call.integers(3, 4)]).settle(call.meaning(6), NO_LIMITS)


def joined(call: Call, reads: list[Held]) -> Pending:
    values = [call.made.values[call.plain(held)] for held in reads]
    sides, axis = len(values[0].shape), int(call.at["axis"])
    rows = values[0].map_shape[0]
    if axis in (1, -1) and (sides == 1 or axis == 1):
        axis = -1  # channels stand second in the file and last here
    elif axis in (2, 3) and sides == 3 and rows > 1:
        axis -= 5
    else:
        raise call.unsupported(f"a join along axis {axis}")
    shape = list(values[0].shape)
    shape[axis] = sum(value.shape[axis] for value in values)

    def settle(meaning: Meaning, limits: Limits) -> Held:
        parts = [rescaled(call, Held(value.name), meaning, limits).value for value in values]
        return Held(call.made.write(Concatenate(axis), parts, tuple(shape), meaning))

    return Pending(settle)


def concatenate(call: Call) -> Result:
    return joined(call, [call.held(at) for at in range(len(call.inputs))])


def qlinear_concatenate(call: Call) -> Result:
    reads = [call.integers(at, at + 1) for at in range(2, len(call.inputs), 3)]
    return joined(call, reads).settle(call.meaning(0), NO_LIMITS)


def max_pool(call: Call) -> Result:
    found = call.something()
    if isinstance(found, Pending):  # of an input of integers, whose scale comes later
        raise call.unsupported("a pool of floats that nothing quantises")
    window = window_of(call, found, call.two("kernel_shape"))
    shape = (*window.output(*call.value(found).map_shape[:2]), call.value(found).channels)
    meaning = call.made.meaning(found.value)
    return Held(call.made.write(MaxPool(window), [call.plain(found)], shape, meaning))


def averaged(call: Call, read: Held) -> Pending:
    """Return an average pool; into another scale it is a mean of the whole map, or weights of one over a count."""
    value, window = call.value(read), window_of(call, read, call.two("kernel_shape"))
    rows, columns, channels = value.map_shape
    if (window.kernel, window.padding) == ((rows, columns), (0, 0, 0, 0)):
        return mean_of(call, read)
    shape = (*window.output(rows, columns), channels)
    counts_border = bool(call.at.get("count_include_pad", 0)) or not any(window.padding)

    def settle(meaning: Meaning, limits: Limits) -> Held:
        kept, name = call.made.meaning(read.value) == meaning, call.plain(read)
        if counts_border and not (kept and not any(window.padding)):
            q, share = np.ones((channels, window.taps), np.int8), np.full(1, 1 / window.taps, np.float32)
            fields = call.made.fields(Weights(q, share, None), limits)
            return Held(call.made.write(DepthwiseConv2d(**fields, window=window), [name], shape, meaning))
        pool = AveragePool(window, limits if kept else NO_LIMITS)
        pooled = Held(call.made.write(pool, [name], shape, call.made.meaning(name)))
        return pooled if kept else rescaled(call, pooled, meaning, limits)

    return Pending(settle)


def average_pool(call: Call) -> Result:
    return averaged(call, call.held())


def qlinear_average_pool(call: Call) -> Result:
    if call.at.get("channels_last"):
        raise call.unsupported("channels that come last")
    return averaged(call, call.integers(0, 1)).settle(call.meaning(3), NO_LIMITS)


def mean_of(call: Call, read: Held, flattened: bool = False) -> Pending:
    channels = call.value(read).channels
    shape = (channels,) if flattened else (1, 1, channels)

    def settle(meaning: Meaning, limits: Limits) -> Held:
        mean = GlobalAveragePool(call.made.rounding)
        written = Held(call.made.write(mean, [call.plain(read)], shape, meaning))
        return rescaled(call, written, meaning, limits)

    return Pending(settle)


def global_average(call: Call) -> Result:
    return mean_of(call, call.held())


def reduce_mean(call: Call) -> Result:
    given = call.at.get("axes", call.constant(1) if call.has(1) else [])
    axes = sorted(int(axis) for axis in given)
    if axes not in ([2, 3], [-2, -1], [2], [-1]):
        raise call.unsupported(f"a mean over axes {axes}")
    return mean_of(call, call.held(), not call.at.get("keepdims", 1))


def qlinear_global_average(call: Call) -> Result:
    if call.at.get("channels_last"):
        raise call.unsupported("channels that come last")
    return mean_of(call, call.integers(0, 1)).settle(call.meaning(3), NO_LIMITS)


def pad(call: Call) -> Result:
    held, made = call.held(), call.made
    sides = [int(side) for side in (call.at["pads"] if "pads" in call.at else call.constant(1))]
    fill = float(call.reals(2)) if call.has(2) and call.is_constant(2) else float(call.at.get("value", 0))
    rest = len(sides) // 2
    channels = [side for place, side in enumerate(sides) if place % max(1, rest) < 2]
    if call.at.get("mode", b"constant") != b"constant" or fill or rest not in (3, 4) or any(channels):
        raise call.unsupported("padding other than zeros around rows and columns")
    (top, left), (bottom, right) = (0, *sides[2:rest])[-2:], (0, *sides[rest + 2 :])[-2:]
    rows, columns, last = call.value(held).map_shape
    shape = (rows + top + bottom, columns + left + right, last)
    padding = Pad((top, bottom, left, right))
    return Held(made.write(padding, [call.plain(held)], shape, made.meaning(held.value)))


def shares(call: Call, read: Held) -> Pending:
    """Return a softmax, which writes 256ths from -128 on, whatever the file does."""
    axis = int(call.at.get("axis", -1))
    name = call.plain(read)
    value = call.made.values[name]
    if axis not in (1, -1) or value.positions > 1:
        raise call.unsupported("a softmax of a map")

    def settle(meaning: Meaning, limits: Limits) -> Held:
        vector = call.made.reshaped(name, (value.size,))
        return Held(call.made.write(Softmax(), [vector], (value.size,), SHARES), told=meaning)

    return Pending(settle, usual=SHARES)


def softmax(call: Call) -> Result:
    return shares(call, call.held())


def qlinear_softmax(call: Call) -> Result:
    return shares(call, call.integers(0, 1)).settle(call.meaning(3), NO_LIMITS)


def flattened(call: Call, held: Held) -> Held:
    value = call.value(held)
    if held.last or len(value.shape) == 1:
        return Held(call.made.reshaped(held.value, (value.size,)), told=held.told)
    return replace(held, flat=True)


def shaped(call: Call, held: Held, sides: list[int]) -> Held:
    """Return a map of a vector, or of a map whose channels come last, as what will be transposed."""
    value, (rows, columns, channels) = call.value(held), sides
    if (
        not (held.last or len(value.shape) == 1)
        or held.flat
        or min(sides) < 1
        or np.prod(sides) != value.size
    ):
        raise call.unsupported(f"a change of shape to {call.constant(1).tolist()}")
    return Held(call.made.reshaped(held.value, (rows, columns, channels)), last=True, told=held.told)


def through(call: Call, change: Callable[[Held], Held]) -> Result:
    """Return what a change of shape makes of an input, whose integers may have no scale yet."""
    found = call.something()
    if isinstance(found, Held):
        return change(found)
    settle = found.settle
    return Pending(lambda meaning, limits: change(settle(meaning, limits)), found.limits, found.usual)


def flatten(call: Call) -> Result:
    """Return a vector, or a map of four sides that a transpose will follow."""
    wanted = [int(side) for side in call.constant(1).reshape(-1)] if call.kind == "Reshape" else []
    if len(wanted) == 4 and set(wanted[2:]) != {1}:
        return through(call, lambda held: shaped(call, held, wanted[1:]))
    if set(wanted[2:]) - {1}:
        raise call.unsupported(f"a change of shape to {wanted}")
    return through(call, lambda held: flattened(call, held))


def transpose(call: Call) -> Result:
    perm = [int(side) for side in call.at.get("perm", [])]

    def change(held: Held) -> Held:
        if held.flat or perm not in (TO_FIRST, TO_LAST) or held.last != (perm == TO_FIRST):
            raise call.unsupported(f"a transpose to {perm}")
        return replace(held, last=not held.last)

    return through(call, change)


def nothing(call: Call) -> Result:
    return call.something()


HANDLERS: dict[str, Callable[[Call], Result]] = {
    "Conv": conv,
    "QLinearConv": qlinear_conv,
    **dict.fromkeys(("Gemm", "MatMul"), gemm),
    "QGemm": qgemm,
    "QLinearMatMul": qlinear_matmul,
    "Add": add,
    "QLinearAdd": qlinear_add,
    "Concat": concatenate,
    "QLinearConcat": qlinear_concatenate,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "QLinearAveragePool": qlinear_average_pool,
    "GlobalAveragePool": global_average,
    "QLinearGlobalAveragePool": qlinear_global_average,
    "ReduceMean": reduce_mean,
    "Pad": pad,
    "Relu": relu,
    "Clip": clip,
    "Softmax": softmax,
    "QLinearSoftmax": qlinear_softmax,
    **dict.fromkeys(("Flatten", "Reshape", "Squeeze"), flatten),
    "Transpose": transpose,
    **dict.fromkeys(("Identity", "Dropout"), nothing),
}
