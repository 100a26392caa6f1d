"""Borders that XNNPACK's planar (NCHW) sparse kernels take: k // 2 zeros on every side, and never SAME at stride 2.

Rules: XNNPACK src/subgraph.c, xnn_check_nchw_compatibility. TensorFlow's SAME at stride 2 puts 0 before and 1 after on
even sizes. Seen in a mirror that is 1 before and 0 after, and one more zero after is never read. So the whole network
is mirrored: the image once, every kernel at conversion; the mean over all positions does not see it.
"""

from dataclasses import replace

from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.pixel_input import PixelInput
from tinygmp.graph.operators.pool import GlobalAveragePool
from tinygmp.graph.operators.softmax import Softmax
from tinygmp.graph.operators.window import Window
from tinygmp.graph.values import Value

MIRRORABLE = (Add, Conv2d, DepthwiseConv2d, FullyConnected, GlobalAveragePool, PixelInput, Softmax)


def mirrored(window: Window) -> Window:
    """Return a window as it moves over the mirrored map."""
    top, bottom, left, right = window.padding
    return replace(window, padding=(bottom, top, right, left))


def evened(window: Window, read: Value) -> Window:
    """Return the window with k // 2 zeros on every side where that gives the same outputs, else as it is."""
    half_rows, half_columns = window.kernel[0] // 2, window.kernel[1] // 2
    even = replace(window, padding=(half_rows, half_rows, half_columns, half_columns))
    rows, columns, _ = read.map_shape
    same_start = (window.padding[0], window.padding[2]) == (half_rows, half_columns)
    return even if same_start and even.output(rows, columns) == window.output(rows, columns) else window


def needs_mirror(model: PackedModel) -> bool:
    """Return whether mirroring the network makes its uneven borders even, with equal answers."""
    if not all(isinstance(node.operator, MIRRORABLE) for node in model.nodes):
        return False
    flat = [node for node in model.nodes if isinstance(node.operator, FullyConnected)]
    if any(model.read_by(node)[0].positions > 1 for node in flat):
        return False
    if any(model.values[name].positions > 1 for name in model.outputs):
        return False
    layers = [*model.nodes_of(Conv2d), *model.nodes_of(DepthwiseConv2d)]
    windows = [window_and_map(model, node) for node in layers]
    uneven = [(window, read) for window, read in windows if not is_even(window, read)]
    return bool(uneven) and all(is_even(mirrored(window), read) for window, read in windows)


def window_and_map(model: PackedModel, node: Node) -> tuple[Window, Value]:
    assert isinstance(node.operator, Conv2d | DepthwiseConv2d)
    return node.operator.window, model.read_by(node)[0]


def is_even(window: Window, read: Value) -> bool:
    top, bottom, left, right = evened(window, read).padding
    return top == bottom == window.kernel[0] // 2 and left == right == window.kernel[1] // 2
