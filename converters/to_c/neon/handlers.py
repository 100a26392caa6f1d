"""The ways to run each operator on maps in planes of four channels; others go by way of the portable engine."""

from collections.abc import Callable, Sequence

import numpy as np

from converters.to_c.arrays import ConstantArray, symbol_of
from converters.to_c.kernel import Call, Handler, Kernel, round4
from converters.to_c.neon.channel_order import Orders
from converters.to_c.neon.coverage import fits_planes
from converters.to_c.neon.layers import Matrix, matrix, matrix_layer, scaled_layer
from converters.to_c.neon.layout import FOUR, OVERREAD_BYTES, fours, map_bytes
from converters.to_c.neon.portable import by_portable
from converters.to_c.operators.elements import add as portable_add
from converters.to_c.operators.linear import check_linear, check_window, window_definition
from converters.to_c.operators.pools import mean_definition
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.pixel_input import PixelInput
from tinygmp.graph.operators.pool import GlobalAveragePool, MaxPool

PATCH_POSITIONS = 64  # at least, of outputs whose patches are multiplied at once
BORDER_BYTES = 128  # written behind a plane with its border
PIXEL_FLIP = 0x80


def kernels_of(model: PackedModel, node: Node, orders: Orders) -> list[Kernel]:
    """Return the way to run a node; raises UnsupportedError where the portable engine has none either."""
    if type(node.operator) in MATRICES:
        return (
            MATRICES[type(node.operator)](model, node, orders)
            if fits_planes(model, node)
            else by_portable(model, node)
        )
    return HANDLERS.get(type(node.operator), by_portable)(model, node)


def conv2d(model: PackedModel, node: Node, orders: Orders) -> list[Kernel]:
    """Return the way to run a convolution: a matrix over the map itself, or over patches of it."""
    operator, read, written = node.operator, model.read_by(node)[0], model.written_by(node)[0]
    assert isinstance(operator, Conv2d)
    check_linear(model, node, operator)
    check_window(model, node, operator.window)
    window, symbol = operator.window, symbol_of(model, node.name)
    form = matrix(ordered(node, orders, operator.weights.decode().reshape(operator.outputs, window.taps, -1)))
    arrays, definition = matrix_layer(model, node, operator, form, orders)
    if window.is_pointwise:
        kernel, call = over_positions(symbol, form, read.positions)
        return [Kernel((f"{kernel}.c",), arrays, call, definition)]
    rows, columns, _ = written.map_shape
    together = min(rows, -(-PATCH_POSITIONS // columns))

    def by_patches(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        places = f"{reads[0]}, {writes[0]}, {together}, {work}"
        return f"tg_neon_conv(&{symbol}, &{symbol}_window, {form.kernel}, {places});\n"

    definition += window_definition(model, node, window)
    work_bytes = form.groups * fours(together * columns) * FOUR * FOUR + OVERREAD_BYTES
    return [Kernel((f"{form.kernel}.c", "tg_neon_conv.c"), arrays, by_patches, definition, work_bytes)]


def over_positions(symbol: str, form: Matrix, positions: int) -> tuple[str, Call]:
    """Return the kernel that multiplies every position of a map, and its call."""
    if positions == 1:
        kernel = form.kernel.replace("tg_neon_", "tg_neon_vector_")
        return kernel, lambda reads, writes, work: f"{kernel}(&{symbol}, {reads[0]}, {writes[0]});\n"

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        step = f"tg_plane_bytes({positions}u)"
        return f"{form.kernel}(&{symbol}, {reads[0]}, {step}, {writes[0]}, {step}, {positions}u);\n"

    return form.kernel, call


def fully_connected(model: PackedModel, node: Node, orders: Orders) -> list[Kernel]:
    """Return the way to run a matrix, which is a convolution of one position."""
    operator = node.operator
    assert isinstance(operator, FullyConnected)
    check_linear(model, node, operator)
    form = matrix(ordered(node, orders, operator.weights.decode()[:, None]))
    arrays, definition = matrix_layer(model, node, operator, form, orders)
    kernel, call = over_positions(symbol_of(model, node.name), form, 1)
    return [Kernel((f"{kernel}.c",), arrays, call, definition)]


def ordered(node: Node, orders: Orders, weights: np.ndarray) -> np.ndarray:
    """Return weights [outputs, taps, inputs] in the orders of the channels that they read and write."""
    taken = weights[:, :, orders[node.reads[0]]] if node.reads[0] in orders else weights
    return taken[orders[node.writes[0]]] if node.writes[0] in orders else taken


def depthwise_conv2d(model: PackedModel, node: Node, orders: Orders) -> list[Kernel]:
    """Return the way to run a depthwise convolution: 3 x 3 of neighbours at steps of one or two."""
    operator, written = node.operator, model.written_by(node)[0]
    assert isinstance(operator, DepthwiseConv2d)
    window = operator.window
    check_linear(model, node, operator)
    symbol, weights = symbol_of(model, node.name), operator.weights
    rows_of_taps = weights.decode()
    if node.writes[0] in orders:
        rows_of_taps = rows_of_taps[orders[node.writes[0]]]
    parts = matrix_of_taps(rows_of_taps)
    stored = ConstantArray(f"{symbol}_values", parts, f"{weights.name}: by four channels, by columns")
    arrays, definition = scaled_layer(model, node, operator, (stored,), 1, orders)
    rows, columns, _ = written.map_shape
    stride = window.stride[0]
    pitch = fours(columns) * FOUR * stride + FOUR
    work_bytes = round4((stride * (rows - 1) + 4) * pitch * FOUR + BORDER_BYTES)

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        return f"tg_neon_depthwise3(&{symbol}, &{symbol}_window, {reads[0]}, {writes[0]}, {work});\n"

    definition += window_definition(model, node, window)
    return [Kernel(("tg_neon_depthwise3.c",), arrays, call, definition, work_bytes)]


def matrix_of_taps(weights: np.ndarray) -> np.ndarray:
    """Return int8 [channels / 4][3 columns][4 channels][3 rows and a 0] of weights [channels, 9]."""
    channels = len(weights)
    parts = np.zeros((fours(channels) * FOUR, 3, FOUR), np.int8)
    parts[:channels, :, :3] = weights.reshape(channels, 3, 3).transpose(0, 2, 1)
    return parts.reshape(-1, FOUR, 3, FOUR).transpose(0, 2, 1, 3).reshape(-1)


def add(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to add two values, whatever their layout."""
    (portable,), symbol = portable_add(model, node), symbol_of(model, node.name)
    count = map_bytes(model.written_by(node)[0]) - OVERREAD_BYTES

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        return f"tg_neon_add(&{symbol}, {reads[0]}, {reads[1]}, {writes[0]}, {count}u);\n"

    return [Kernel(("tg_neon_add.c",), (), call, portable.definitions, overlap=(0, 0))]


def pixel_input(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to make int8 in planes of pixels."""
    written = model.written_by(node)[0]

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        places = f"(const int8_t *){reads[0]}, {writes[0]}"
        return f"tg_neon_to_planes({places}, {written.positions}u, {written.channels}u, {PIXEL_FLIP});\n"

    return [Kernel(("tg_neon_planes.c",), (), call)]


def max_pool(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to take the largest of a window without gaps."""
    operator, read, written = node.operator, model.read_by(node)[0], model.written_by(node)[0]
    assert isinstance(operator, MaxPool)
    check_window(model, node, operator.window)
    symbol, (low, high) = symbol_of(model, node.name), operator.limits.integers(written)

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        places = f"{reads[0]}, {writes[0]}, {read.channels}u, {low}, {high}"
        return f"tg_neon_max_pool(&{symbol}_window, {places});\n"

    return [Kernel(("tg_neon_max_pool.c",), (), call, window_definition(model, node, operator.window))]


def global_average_pool(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to take the mean over a whole map."""
    operator, read, symbol = node.operator, model.read_by(node)[0], symbol_of(model, node.name)
    assert isinstance(operator, GlobalAveragePool)
    name, by, definition = "tg_neon_global_average", "", ""
    if operator.rescales:
        name, by, definition = "tg_neon_global_mean", f"&{symbol}, ", mean_definition(model, node, operator)

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        return f"{name}({by}{reads[0]}, {writes[0]}, {read.positions}u, {read.channels}u);\n"

    return [Kernel((f"{name}.c",), (), call, definition)]


MATRICES: dict[type, Callable[[PackedModel, Node, Orders], list[Kernel]]] = {
    Conv2d: conv2d,
    DepthwiseConv2d: depthwise_conv2d,
    FullyConnected: fully_connected,
}
HANDLERS: dict[type, Handler] = {
    PixelInput: pixel_input,
    Add: add,
    MaxPool: max_pool,
    GlobalAveragePool: global_average_pool,
}
