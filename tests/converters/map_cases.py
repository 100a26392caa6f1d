"""Small graphs of the operators without weights, by operator and case."""

from collections.abc import Iterator

import numpy as np

from tests.converters.one_node_graphs import CLAMP, graph, one_node, value
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.graph.operators.limits import NO_LIMITS, Limits, named_limits
from tinygmp.graph.operators.pad import Pad
from tinygmp.graph.operators.pixel_input import PixelInput
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.graph.operators.reshape import Reshape
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.operators.softmax import SCALE as SHARE
from tinygmp.graph.operators.softmax import ZERO_POINT, Softmax
from tinygmp.graph.operators.window import Window, same_padding
from tinygmp.graph.random_weights import random_sensor
from tinygmp.graph.values import Shape
from tinygmp.quant.rounding_multiply import ROUNDINGS

Cases = Iterator[tuple[str, PackedModel]]


def map_cases() -> dict[str, PackedModel]:
    """Return 'operator: case' -> graph."""
    return {
        f"{operator}: {case}": model
        for operator, cases in (
            ("add", sums_of_two),
            ("concatenate", concatenations),
            ("softmax", softmaxes),
            ("pad", borders),
            ("reshape", reshapes),
            ("max_pool", max_pools),
            ("average_pool", average_pools),
            ("global_average_pool", means),
            ("global_average_pool", rescaled_means),
            ("pixel_input", pixels),
            ("sensor_input", sensors),
        )
        for case, model in cases()
    }


def add(shape: Shape, scales: tuple[float, float, float], limits: Limits = NO_LIMITS) -> PackedModel:
    a, b = value("a", shape, scales[0], 5), value("b", shape, scales[1], -60)
    return one_node(Add(limits), [a, b], value("y", shape, scales[2], -11))


def sums_of_two() -> Cases:
    yield "odd channels", add((5, 3, 7), (0.05, 0.021, 0.06))
    yield "one pixel and one channel", add((1, 1, 1), (0.05, 0.05, 0.05))
    yield "vectors", add((13,), (0.05, 0.05, 0.1))
    yield "scales far apart", add((4, 4, 3), (0.05, 0.0002, 0.03))
    yield "larger than the output's scale", add((4, 4, 3), (0.5, 0.9, 0.01))
    yield "smaller than the output's scale", add((4, 4, 3), (0.01, 0.008, 0.2))
    yield "relu", add((5, 3, 7), (0.05, 0.021, 0.06), named_limits("relu"))
    yield "clamp without a name", add((5, 3, 7), (0.05, 0.021, 0.06), CLAMP)
    x = value("x", (3, 4, 5))
    yield "a value to itself", one_node(Add(), [x, x], value("y", x.shape, 0.07, 2))
    small, most = value("small", x.shape, x.scale, x.zero_point), Window((3, 3), padding=(1, 1, 1, 1))
    nodes = [
        Node("pool", MaxPool(most), ("x",), ("small",)),
        Node("node", Add(), ("x", "small"), ("y",)),
    ]
    yield "a value and what became of it", graph(nodes, [x], [small, value("y", x.shape, 0.07, 2)])
    yield "an output that is read", graph(nodes, [x], [small, value("y", x.shape, 0.07, 2)], ("y", "small"))


def concatenate(axis: int, shapes: list[Shape], written: Shape) -> PackedModel:
    reads = [value(f"x{index}", shape) for index, shape in enumerate(shapes)]
    return one_node(Concatenate(axis), reads, value("y", written))


def concatenations() -> Cases:
    yield "channels", concatenate(-1, [(3, 4, 5), (3, 4, 1), (3, 4, 2)], (3, 4, 8))
    yield "columns", concatenate(-2, [(3, 1, 5), (3, 4, 5)], (3, 5, 5))
    yield "rows", concatenate(-3, [(3, 4, 5), (1, 4, 5)], (4, 4, 5))
    yield "vectors", concatenate(-1, [(3,), (6,)], (9,))
    yield "one value alone", concatenate(-1, [(3, 4, 5)], (3, 4, 5))
    x = value("x", (2, 3, 3))
    yield "a value beside itself", one_node(Concatenate(-1), [x, x], value("y", (2, 3, 6)))
    yield "a value beside itself in columns", one_node(Concatenate(-2), [x, x, x], value("y", (2, 9, 3)))


def softmax(classes: int, scale: float) -> PackedModel:
    read = value("x", (classes,), scale, -9)
    return one_node(Softmax(), [read], value("y", (classes,), SHARE, ZERO_POINT))


def softmaxes() -> Cases:
    yield "two classes", softmax(2, 0.1)
    yield "one class", softmax(1, 0.1)
    yield "many classes, flat", softmax(37, 0.004)
    yield "few units from least to most", softmax(5, 4.0)


def pad(shape: Shape, padding: tuple[int, int, int, int]) -> PackedModel:
    read, (top, bottom, left, right) = value("x", shape), padding
    rows, columns, channels = read.map_shape
    return one_node(Pad(padding), [read], value("y", (rows + top + bottom, columns + left + right, channels)))


def borders() -> Cases:
    yield "every side another", pad((3, 4, 5), (1, 0, 2, 3))
    yield "one pixel and one channel", pad((1, 1, 1), (2, 1, 0, 1))
    yield "a vector", pad((7,), (0, 1, 1, 0))
    yield "nothing", pad((3, 4, 2), (0, 0, 0, 0))


def reshape(before: Shape, after: Shape) -> PackedModel:
    return one_node(Reshape(), [value("x", before)], value("y", after))


def reshapes() -> Cases:
    yield "to a vector", reshape((3, 4, 5), (60,))
    yield "one pixel to a vector", reshape((1, 1, 7), (7,))
    yield "a vector to a map", reshape((60,), (3, 4, 5))
    yield "rows to channels", reshape((4, 3, 5), (1, 3, 20))
    yield "to the same shape", reshape((4, 3, 5), (4, 3, 5))
    yield f"{RAW} counts", raw(random_sensor(np.random.default_rng(3), 3), "int16")
    yield f"{RAW} pixels", raw(PixelInput(), "uint8")


RAW = "raw"  # which no TFLite file takes


def raw(operator: PixelInput | SensorInput, dtype: str) -> PackedModel:
    """Return an input that is reshaped before it becomes int8."""
    given, series = value("given", (12,), 0.0, 0, dtype), value("series", (1, 4, 3), 0.0, 0, dtype)
    nodes = [
        Node("node", Reshape(), ("given",), ("series",)),
        Node("input", operator, ("series",), ("y",)),
    ]
    return graph(nodes, [given], [series, value("y", (1, 4, 3), zero_point=0)])


def pool(
    kind: type[MaxPool] | type[AveragePool], shape: Shape, window: Window, limits: Limits = NO_LIMITS
) -> PackedModel:
    read = value("x", shape)
    written = value("y", (*window.output(*read.map_shape[:2]), read.channels))
    return one_node(kind(window, limits), [read], written)


def same(shape: Shape, kernel: tuple[int, int], stride: tuple[int, int]) -> Window:
    return Window(kernel, stride, padding=same_padding(*shape[:2], kernel, stride))


def pools(kind: type[MaxPool] | type[AveragePool]) -> Cases:
    odd = (5, 7, 3)
    yield "2 x 2, stride 2", pool(kind, (4, 6, 5), Window((2, 2), (2, 2)))
    yield "3 x 3 with border", pool(kind, odd, same(odd, (3, 3), (1, 1)))
    yield "3 x 2, stride 2 and 3, with border", pool(kind, odd, same(odd, (3, 2), (2, 3)))
    yield "one pixel", pool(kind, (1, 1, 5), same((1, 1), (3, 3), (1, 1)))
    yield "the whole map", pool(kind, odd, Window((5, 7)))
    yield "one row", pool(kind, (1, 11, 2), same((1, 11), (1, 4), (1, 3)))
    yield "no window to speak of", pool(kind, odd, Window())
    yield "a vector", pool(kind, (5,), same((1, 1), (2, 2), (1, 1)))
    yield "relu", pool(kind, odd, Window((2, 2)), named_limits("relu"))
    yield "clamp without a name", pool(kind, odd, Window((2, 2)), CLAMP)


def max_pools() -> Cases:
    yield from pools(MaxPool)
    yield "uneven border", pool(MaxPool, (5, 7, 3), Window((3, 4), (2, 2), padding=(2, 0, 1, 3)))


def average_pools() -> Cases:
    yield from pools(AveragePool)
    yield UNEVEN_MEAN, pool(AveragePool, (5, 7, 3), Window((3, 4), (2, 2), padding=(2, 0, 1, 3)))


UNEVEN_MEAN = "uneven border"  # which TFLite has no operator for


def means() -> Cases:
    x = value("x", (5, 3, 7))
    yield "odd channels", one_node(GlobalAveragePool(), [x], value("y", (7,)))
    yield "to a map of one pixel", one_node(GlobalAveragePool(), [x], value("y", (1, 1, 7)))
    one = value("x", (1, 1, 3))
    yield "of one pixel", one_node(GlobalAveragePool(), [one], value("y", (3,)))
    row = value("x", (1, 16, 2))
    yield "of one row", one_node(GlobalAveragePool(), [row], value("y", (2,)))
    yield "of a vector", one_node(GlobalAveragePool(), [value("x", (4,))], value("y", (1, 1, 4)))


def rescale(shape: Shape, rounding: str, scales: tuple[float, float], vector: bool = True) -> PackedModel:
    x, channels = value("x", shape, scales[0]), shape[-1]
    y = value("y", (channels,) if vector else (1, 1, channels), scales[1], -21)
    return one_node(GlobalAveragePool(rounding), [x], y)


def rescaled_means() -> Cases:
    for rounding in ROUNDINGS:
        yield f"to a finer scale, {rounding}", rescale((5, 3, 70), rounding, (0.05, 0.012))
        yield f"to a coarser scale, {rounding}", rescale((4, 4, 70), rounding, (0.05, 0.07), False)
        yield f"to another zero point, {rounding}", rescale((2, 3, 90), rounding, (0.05, 0.05))
        yield f"halves, {rounding}", rescale((1, 10, 90), rounding, (0.25, 0.125))
        yield f"few positions and a large factor, {rounding}", rescale((1, 2, 90), rounding, (0.5, 0.01))
        yield f"a factor below 2^-32, {rounding}", rescale((60, 60, 1), rounding, (1e-6, 0.5))
        yield f"of a vector, {rounding}", rescale((50,), rounding, (0.05, 0.034))


def taken(operator: PixelInput | SensorInput, shape: Shape, dtype: str, zero_point: int) -> PackedModel:
    """Return an input and a border around it, so that files which take int8 hold a node too."""
    given, x = value("given", shape, 0.0, 0, dtype), value("x", shape, zero_point=zero_point)
    rows, columns, channels = x.map_shape
    nodes = [Node("node", operator, ("given",), ("x",)), Node("border", Pad((1, 0, 0, 1)), ("x",), ("y",))]
    return graph(nodes, [given], [x, value("y", (rows + 1, columns + 1, channels), zero_point=zero_point)])


def pixels() -> Cases:
    yield "a map", taken(PixelInput(), (4, 5, 3), "uint8", 9)
    yield "one pixel", taken(PixelInput(), (1, 1, 1), "uint8", 0)
    yield "a vector", taken(PixelInput(), (7,), "uint8", 0)


def sensors() -> Cases:
    rng = np.random.default_rng(2)
    yield "a series", taken(random_sensor(rng, 3), (1, 12, 3), "int16", 0)
    yield "a map", taken(random_sensor(rng, 5), (3, 4, 5), "int16", 0)
    yield "a vector", taken(random_sensor(rng, 2), (2,), "int16", 0)
    offset, multiplier = np.array([32767, -32768, 0], np.int16), np.array([1, 32767, 32767], np.int16)
    extreme = SensorInput(("a", "b", "c"), ("g",) * 3, (1.0,) * 3, offset, multiplier, 30)
    yield "the largest offsets and shift", taken(extreme, (1, 4, 3), "int16", 0)
