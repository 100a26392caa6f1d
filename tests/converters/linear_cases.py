"""Small graphs of convolutions and matrices, by operator and case, in both roundings."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tests.converters.one_node_graphs import CLAMP, graph, linear_fields, one_node, value
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.limits import named_limits
from tinygmp.graph.operators.pixel_input import PixelInput
from tinygmp.graph.operators.window import Window, same_padding
from tinygmp.graph.values import Shape
from tinygmp.quant.rounding_multiply import ROUNDINGS
from tinygmp.sparse import encode

Cases = Iterator[tuple[str, PackedModel]]


def linear_cases() -> dict[str, PackedModel]:
    """Return 'operator: case, rounding' -> graph."""
    return {
        f"{operator}: {case}, {rounding}": model
        for rounding in ROUNDINGS
        for operator, cases in (
            ("conv2d", convolutions),
            ("depthwise_conv2d", depthwise),
            ("fully_connected", matrices),
        )
        for case, model in cases(rounding)
    }


def same(shape: Shape, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1)) -> Window:
    return Window(kernel, stride, padding=same_padding(*shape[:2], kernel, stride))


def convolve(shape: Shape, outputs: int, window: Window, rounding: str, **fields: Any) -> PackedModel:
    read = value("x", shape)
    weights = linear_fields(outputs, window.taps * read.channels, rounding=rounding, **fields)
    written = value("y", (*window.output(*read.map_shape[:2]), outputs), zero_point=-7)
    return one_node(Conv2d(**weights, window=window), [read], written)


def convolutions(rounding: str) -> Cases:
    point, odd = Window(), (5, 7, 3)
    yield "1 x 1, odd channels", convolve((5, 3, 7), 9, point, rounding)
    yield "1 x 1 of one pixel and one channel", convolve((1, 1, 1), 1, point, rounding)
    yield "1 x 1 of a vector", convolve((6,), 5, point, rounding)
    yield "1 x 1, few survivors", convolve((5, 3, 21), 6, point, rounding, kept=0.2, index_format="rice")
    yield "1 x 1, many survivors", convolve((5, 3, 21), 6, point, rounding, kept=0.6, index_format="bitmask")
    yield "1 x 1, a factor above 1", convolve((4, 4, 5), 6, point, rounding, kept=0.3, factor=3.7)
    yield "1 x 1 in steps", convolve((5, 6, 5), 4, Window(stride=(2, 3)), rounding)
    yield "3 x 3, odd channels", convolve(odd, 5, same(odd, (3, 3)), rounding)
    yield "3 x 3, stride 2 and 1", convolve(odd, 6, same(odd, (3, 3), (2, 1)), rounding)
    yield "3 x 3 of one pixel", convolve((1, 1, 5), 4, same((1, 1), (3, 3)), rounding)
    yield "dilated", convolve((7, 9, 2), 5, Window((2, 3), dilation=(3, 2)), rounding)
    yield "uneven border", convolve(odd, 4, Window((3, 4), (2, 2), padding=(2, 0, 1, 3)), rounding)
    yield "kernel of the whole map", convolve((4, 3, 5), 7, Window((4, 3)), rounding)
    yield "one row", convolve((1, 20, 3), 5, same((1, 20), (1, 5), (1, 2)), rounding)
    yield "3 x 3, sparse", convolve(odd, 6, same(odd, (3, 3)), rounding, kept=0.3, index_format="csr8")
    yield (
        "3 x 3, wide rows",
        convolve((3, 3, 40), 3, same((3, 3), (3, 3)), rounding, kept=0.1, index_format="csr16"),
    )
    yield "3 x 3, a factor above 1", convolve(odd, 4, same(odd, (3, 3)), rounding, kept=0.1, factor=20.0)
    yield "relu6", convolve((5, 3, 7), 9, point, rounding, limits=named_limits("relu6"))
    yield "clamp without a name", convolve(odd, 5, same(odd, (3, 3)), rounding, limits=CLAMP)
    for index_format in ("bitmask", "rice", "csr8", "csr16"):
        yield f"1 x 1, rows without survivors in {index_format}", emptied(rounding, index_format)
    yield "pixels by patches", of_pixels(same((6, 5), (3, 3), (2, 2)), rounding, 1)
    yield "pixels by position", of_pixels(Window(), rounding, 1)
    yield "pixels for two readers", of_pixels(same((6, 5), (3, 3)), rounding, 2)


def emptied(rounding: str, index_format: str) -> PackedModel:
    """Return a 1 x 1 convolution whose first, middle and last output keep no weight."""
    model = convolve((3, 2, 9), 7, Window(), rounding, kept=0.5)
    node = model.nodes[0]
    q = node.operator.weights.decode().copy()
    q[[0, 3, 6]] = 0
    operator = replace(node.operator, weights=encode("node.weights", q, 1.0, index_format))
    return replace(model, nodes=(replace(node, operator=operator),))


def of_pixels(window: Window, rounding: str, readers: int) -> PackedModel:
    """Return pixels, what becomes of them, and convolutions of that, each an output."""
    pixels, x = value("pixels", (6, 5, 3), 0.0, 0, "uint8"), value("x", (6, 5, 3), 1 / 127, -2)
    nodes, written = [Node("input", PixelInput(), ("pixels",), ("x",))], [x]
    for number in range(readers):
        fields = linear_fields(4 + number, window.taps * 3, rounding=rounding, name=f"node{number}.weights")
        y = value(f"y{number}", (*window.output(6, 5), 4 + number), 1 / 127, 11)
        nodes.append(Node(f"node{number}", Conv2d(**fields, window=window), ("x",), (y.name,)))
        written.append(y)
    return graph(nodes, [pixels], written, tuple(y.name for y in written[1:]))


def by_channel(
    shape: Shape, window: Window, rounding: str, multiplier: int = 1, **fields: Any
) -> PackedModel:
    read, outputs = value("x", shape), shape[-1] * multiplier
    weights = linear_fields(outputs, window.taps, rounding=rounding, **fields)
    written = value("y", (*window.output(*read.map_shape[:2]), outputs), zero_point=-7)
    return one_node(DepthwiseConv2d(**weights, window=window, multiplier=multiplier), [read], written)


def depthwise(rounding: str) -> Cases:
    odd = (6, 7, 5)
    three, wide = same(odd, (3, 3)), Window((3, 3), padding=(2, 2, 2, 2))
    yield "3 x 3, odd channels", by_channel(odd, three, rounding)
    yield "3 x 3, stride 2", by_channel((7, 6, 6), same((7, 6), (3, 3), (2, 2)), rounding)
    yield "3 x 3 of one pixel", by_channel((1, 1, 3), same((1, 1), (3, 3)), rounding)
    yield "3 x 3, border of two", by_channel((3, 4, 3), wide, rounding)
    yield "3 x 3, no border", by_channel(odd, Window((3, 3)), rounding)
    yield (
        "3 x 3, dilated",
        by_channel((8, 8, 4), Window((3, 3), dilation=(2, 3), padding=(1, 2, 3, 0)), rounding),
    )
    yield "5 x 2, uneven border", by_channel(odd, Window((5, 2), (2, 3), padding=(0, 3, 1, 0)), rounding)
    yield "1 x 1", by_channel(odd, Window(), rounding)
    yield "one row", by_channel((1, 15, 3), same((1, 15), (1, 4), (1, 2)), rounding)
    yield "three filters a channel", by_channel(odd, three, rounding, 3)
    yield "two filters of one channel", by_channel((4, 4, 1), same((4, 4), (2, 2)), rounding, 2)
    yield "3 x 3, sparse", by_channel(odd, three, rounding, kept=0.4, index_format="bitmask")
    yield "5 x 5, sparse", by_channel(odd, same(odd, (5, 5)), rounding, kept=0.3, index_format="rice")
    yield "3 x 3, a factor above 1", by_channel(odd, three, rounding, kept=0.2, factor=2.5)
    yield "relu", by_channel(odd, three, rounding, limits=named_limits("relu"))
    yield "clamp without a name", by_channel(odd, three, rounding, limits=CLAMP)


def multiply(shape: Shape, outputs: int, rounding: str, **fields: Any) -> PackedModel:
    read = value("x", shape)
    fields = {"one_scale": True} | fields
    weights = linear_fields(outputs, read.size, rounding=rounding, **fields)
    return one_node(FullyConnected(**weights), [read], value("y", (outputs,), zero_point=-7))


def matrices(rounding: str) -> Cases:
    yield "a vector", multiply((19,), 7, rounding)
    yield "one input, one output", multiply((1,), 1, rounding)
    yield "a map", multiply((3, 4, 5), 6, rounding)
    yield "a map of one pixel", multiply((1, 1, 6), 5, rounding)
    yield "few survivors", multiply((70,), 6, rounding, kept=0.1, index_format="rice")
    yield "many survivors", multiply((3, 4, 5), 6, rounding, kept=0.5, index_format="csr8")
    yield "a factor above 1", multiply((24,), 6, rounding, kept=0.1, factor=3.0)
    yield "relu", multiply((19,), 7, rounding, limits=named_limits("relu"))
    yield "clamp without a name", multiply((19,), 7, rounding, limits=CLAMP)
    yield "a scale for each output", multiply((19,), 90, rounding, one_scale=False)
    many = {"kept": 0.3, "index_format": "rice", "one_scale": False}
    yield "a scale for each output, sparse", multiply((3, 4, 5), 60, rounding, **many)
    yield (
        "a scale for each output, factors above 1",
        multiply((24,), 9, rounding, kept=0.1, factor=3.0, one_scale=False),
    )


def sums(bias: type, **fields: Any) -> PackedModel:
    """Return a matrix whose sums stay int32."""
    read = value("x", (3, 2, 5))
    weights = linear_fields(6, read.size, one_scale=True, **fields)
    weights["bias"] = np.clip(weights["bias"], -32768, 32767).astype(bias)
    written = value("y", (6,), read.scale * float(weights["weight_scales"][0]), 0, "int32")
    return one_node(FullyConnected(**weights), [read], written)


SUMS = {
    "fully_connected: sums": sums(np.int32),
    "fully_connected: sums, bias of 16 bits": sums(np.int16),
    "fully_connected: sums, sparse": sums(np.int32, kept=0.3, index_format="bitmask"),
}
