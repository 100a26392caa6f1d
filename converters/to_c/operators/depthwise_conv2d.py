"""Depthwise convolutions: 3 x 3 line by line in place, any other position by position."""

from collections.abc import Sequence
from functools import partial

from converters.to_c.arrays import symbol_of
from converters.to_c.kernel import INTERLEAVED, Kernel, Runs, round4, words
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

SUMS = (576, 192, 96, 32, 1)  # as many at most are made before they are scaled, or those of one row


def depthwise_conv2d(model: PackedModel, node: Node, runs: Runs = INTERLEAVED) -> list[Kernel]:
    """Return the ways to run a depthwise convolution."""
    operator = node.operator
    assert isinstance(operator, DepthwiseConv2d)
    check_linear(model, node, operator)
    check_window(model, node, operator.window)
    read, written = model.read_by(node)[0], model.written_by(node)[0]
    symbol = symbol_of(model, node.name)
    by_lines = takes_lines(operator)
    whole = expanded_bytes(operator) if is_sparse(operator) else 0
    from_, to = runs.get(read.name, 1), runs.get(written.name, 1)

    def call(rows: int, reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        weights = f"(int8_t *)({work})" if whole else f"{symbol}.values"
        before = expand(symbol, operator, work, words(work, whole)) if whole else ""
        common = f"(&{symbol}, &{symbol}_window, {weights}, {reads[0]}"
        if by_lines:
            return f"{before}tg_depthwise3{common}, {from_}u, {writes[0]}, {to}u, {rows}, {words(work, whole)});\n"
        return f"{before}tg_depthwise{common}, {writes[0]});\n"

    sources: tuple[str, ...] = ("tg_depthwise3.c" if by_lines else "tg_depthwise.c",)
    least = 0
    if whole:
        sources += ("tg_survivors_expand.c", row_source(operator))
        least = 4 * survivors_of_fullest_row(operator)
    definition = layer_definition(model, node, operator, operator.inputs) + window_definition(
        model, node, operator.window
    )
    in_place = by_lines and shrinks(read, written) and lie_alike(read, written, runs)
    arrays = tuple(linear_arrays(model, node, operator))
    return [
        Kernel(
            sources,
            arrays,
            partial(call, rows),
            definition,
            whole
            + max(least, lines_work(written.map_shape[1], operator.window.stride, rows) if by_lines else 0),
            (0 if in_place else None,),
        )
        for rows in (rows_at_once(written) if by_lines else [0])
    ]


def rows_at_once(written: Value) -> list[int]:
    """Return how many rows of outputs one pass may make, the most first: more are faster and take more memory."""
    rows, columns, _ = written.map_shape
    return sorted({max(1, min(rows, sums // columns)) for sums in SUMS}, reverse=True)


def lines_work(columns: int, strides: tuple[int, int], rows: int) -> int:
    """Return the bytes of the sums of so many rows of outputs and of their lines (tg_band.c)."""
    lines = (rows - 1) * strides[0] + 3
    return 4 * (rows * columns + 1) + round4(2 * lines * ((columns + columns % 2) * strides[1] + 2))


def takes_lines(operator: DepthwiseConv2d) -> bool:
    """Return whether the kernel is 3 x 3 of neighbours, one filter a channel, the border two wide at most."""
    window = operator.window
    plain = (window.kernel, window.dilation, operator.multiplier) == ((3, 3), (1, 1), 1)
    return plain and max(window.padding) <= 2


def lie_alike(read: Value, written: Value, runs: Runs) -> bool:
    """Return whether both maps have channels together, or both in rows of one length, or both in planes."""
    (from_, before), (to, after) = ((runs.get(each.name, 1), each.map_shape[1]) for each in (read, written))
    if 1 in (from_, to):
        return from_ == to
    if from_ == before or to == after:
        return from_ == before == to == after
    return True


def shrinks(read: Value, written: Value) -> bool:
    return all(after <= before for before, after in zip(read.map_shape, written.map_shape, strict=True))
