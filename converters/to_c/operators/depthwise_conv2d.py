"""Depthwise convolutions: 3 x 3 line by line in place, any other position by position."""

from collections.abc import Sequence

from converters.to_c.arrays import symbol_of
from converters.to_c.kernel import Kernel, round4, words
from converters.to_c.operators.linear import (
    check_linear,
    check_window,
    expand,
    expanded_bytes,
    is_sparse,
    layer_definition,
    linear_arrays,
    row_source,
    survivors_of_fullest_row,
    window_definition,
)
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.conv2d import DepthwiseConv2d
from tinygmp.graph.values import Value

LEAST_SUMS = 32  # TG_SUMS of tg_depthwise3.c


def depthwise_conv2d(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to run a depthwise convolution."""
    operator = node.operator
    assert isinstance(operator, DepthwiseConv2d)
    check_linear(model, node, operator)
    check_window(model, node, operator.window)
    read, written = model.read_by(node)[0], model.written_by(node)[0]
    symbol = symbol_of(model, node.name)
    by_lines = takes_lines(operator)
    line_bytes = lines_work(written.map_shape[1], operator.window.stride[1]) if by_lines else 0
    whole = expanded_bytes(operator) if is_sparse(operator) else 0

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        weights = f"(int8_t *)({work})" if whole else f"{symbol}.values"
        before = expand(symbol, operator, work, words(work, whole)) if whole else ""
        common = f"(&{symbol}, &{symbol}_window, {weights}, {reads[0]}, {writes[0]}"
        lines = f", {words(work, whole)}" if by_lines else ""
        return f"{before}tg_depthwise{'3' if by_lines else ''}{common}{lines});\n"

    sources: tuple[str, ...] = ("tg_depthwise3.c" if by_lines else "tg_depthwise.c",)
    work_bytes = line_bytes
    if whole:
        sources += ("tg_survivors_expand.c", row_source(operator))
        work_bytes = whole + max(line_bytes, 4 * survivors_of_fullest_row(operator))
    definition = layer_definition(model, node, operator, operator.inputs) + window_definition(
        model, node, operator.window
    )
    overlap = (0 if by_lines and shrinks(read, written) else None,)
    arrays = tuple(linear_arrays(model, node, operator))
    return [Kernel(sources, arrays, call, definition, work_bytes, overlap)]


def lines_work(columns: int, stride: int) -> int:
    """Return the bytes of sums and three lines for an even count of outputs (tg_depthwise3.c)."""
    columns += columns % 2
    return round4(4 * (max(columns, LEAST_SUMS) + 2) + 2 * 3 * (columns * stride + 2))


def takes_lines(operator: DepthwiseConv2d) -> bool:
    """Return whether the kernel is 3 x 3 of neighbours, one filter a channel, the border two wide at most."""
    window = operator.window
    plain = (window.kernel, window.dilation, operator.multiplier) == ((3, 3), (1, 1), 1)
    return plain and max(window.padding) <= 2


def shrinks(read: Value, written: Value) -> bool:
    return all(after <= before for before, after in zip(read.map_shape, written.map_shape, strict=True))
