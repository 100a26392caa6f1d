"""Sums, joins, clamps and changes of scale of quantised ONNX files."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.graph.operators.conv2d import DepthwiseConv2d
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.pool import MaxPool
from tinygmp.readers.integer_graph import Meaning, Weights
from tinygmp.readers.onnx_int8_arrays import tensor_meaning
from tinygmp.readers.onnx_int8_call import Call, Held, Pending, Result
from tinygmp.readers.onnx_int8_layers import integer_bias

CARRIER = 64  # of a value to which a constant is added: so many steps of it are one of the value


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


SUMS: dict[str, Callable[[Call], Result]] = {
    "Add": add,
    "QLinearAdd": qlinear_add,
    "Concat": concatenate,
    "QLinearConcat": qlinear_concatenate,
    "Relu": relu,
    "Clip": clip,
}
