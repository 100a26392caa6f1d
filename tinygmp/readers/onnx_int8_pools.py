"""Pools, means and borders of quantised ONNX files."""

from collections.abc import Callable

import numpy as np

from tinygmp.graph.operators.conv2d import DepthwiseConv2d
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.readers.integer_graph import Meaning, Weights
from tinygmp.readers.onnx_int8_call import Call, Held, Pending, Result
from tinygmp.readers.onnx_int8_shapes import through
from tinygmp.readers.onnx_int8_sums import rescaled


def max_pool(call: Call) -> Result:
    def change(held: Held) -> Held:
        value, window = call.value(held), call.window(held, call.two("kernel_shape"))
        shape = (*window.output(*value.map_shape[:2]), value.channels)
        meaning = call.made.meaning(held.value)
        return Held(call.made.write(MaxPool(window), [call.plain(held)], shape, meaning))

    return through(call, change)


def averaged(call: Call, read: Held) -> Pending:
    """Return an average pool; into another scale it is a mean of the whole map, or weights of one over a count."""
    value, window = call.value(read), call.window(read, call.two("kernel_shape"))
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


POOLS: dict[str, Callable[[Call], Result]] = {
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "QLinearAveragePool": qlinear_average_pool,
    "GlobalAveragePool": global_average,
    "QLinearGlobalAveragePool": qlinear_global_average,
    "ReduceMean": reduce_mean,
}
