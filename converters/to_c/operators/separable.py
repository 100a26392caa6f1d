"""A 1x1 convolution and the depthwise one behind it, row by row: of the map between them only three rows are kept."""

from collections.abc import Sequence
from functools import partial

from converters.to_c.arrays import symbol_of
from converters.to_c.kernel import Kernel, Runs, round4, words
from converters.to_c.operators.depthwise_conv2d import lines_work
from converters.to_c.operators.linear import (
    check_linear,
    check_window,
    layer_definition,
    linear_arrays,
    window_definition,
)
from converters.to_c.operators.pointwise import Way, ways
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d

KEPT_ROWS = 3


def separable(model: PackedModel, first: Node, second: Node, runs: Runs) -> list[Kernel]:
    """Return the ways to run both; rows begin at words, and the depthwise weights are stored densely."""
    pointwise, depthwise = first.operator, second.operator
    assert isinstance(pointwise, Conv2d)
    assert isinstance(depthwise, DepthwiseConv2d)
    read, between, written = model.read_by(first)[0], model.read_by(second)[0], model.written_by(second)[0]
    rows, columns, channels = between.map_shape
    from_, to = runs.get(read.name, 1), runs.get(written.name, 1)
    for node, operator in ((first, pointwise), (second, depthwise)):
        check_linear(model, node, operator)
    check_window(model, second, depthwise.window)
    step = columns if from_ > columns else columns * read.channels
    slot = channels * columns
    symbol = symbol_of(model, second.name)

    def call(way: Way, reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        own = round4(way.work_bytes)
        kept, lines = words(work, own), words(work, own + KEPT_ROWS * slot)
        newest = f"(int8_t *)({kept}) + at % {KEPT_ROWS}u * {slot}u"
        row = way.run(f"{reads[0]} + at * {step}u", from_, newest, columns, columns, work)
        place = f"(int8_t *)({kept}), {columns}u, at, {writes[0]}, {to}u, {lines}"
        return (
            f"{way.once(work)}for (at = 0; at < {rows}u; at++) {{\n"
            f"    {row}"
            f"    tg_depthwise3_rows(&{symbol}, &{symbol}_window, {symbol}.values, {place});\n"
            "}\n"
        )

    arrays = (*linear_arrays(model, first, pointwise), *linear_arrays(model, second, depthwise))
    definition = (
        layer_definition(model, first, pointwise, pointwise.inputs)
        + layer_definition(model, second, depthwise, depthwise.inputs)
        + window_definition(model, second, depthwise.window)
    )
    line_bytes = lines_work(written.map_shape[1], depthwise.window.stride, 1)
    return [
        Kernel(
            (*way.sources, "tg_depthwise3_rows.c"),
            arrays,
            partial(call, way),
            definition,
            round4(way.work_bytes) + KEPT_ROWS * slot + line_bytes,
        )
        for way in ways(model, first, pointwise, columns, from_)
    ]
