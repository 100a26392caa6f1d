"""Convolutions over all channels: 1 x 1 by position or by survivor, any other patch by patch."""

from collections.abc import Sequence
from functools import partial

import numpy as np

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
    pair_bytes,
    row_source,
    survivors_of_fullest_row,
    window_definition,
)
from converters.to_c.operators.pointwise import BLOCKS, Way, ways
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.conv2d import Conv2d
from tinygmp.graph.values import Value

LARGEST_PATCH = 65535
PIXEL_FLIP = 0x80


def conv2d(model: PackedModel, node: Node, runs: Runs = INTERLEAVED) -> list[Kernel]:
    """Return the ways to run a convolution of an int8 map."""
    operator = node.operator
    assert isinstance(operator, Conv2d)
    check_linear(model, node, operator)
    return (
        pointwise(model, node, operator, runs)
        if operator.window.is_pointwise
        else patches(model, node, operator, 0, runs)
    )


def pixel_conv2d(model: PackedModel, node: Node, runs: Runs = INTERLEAVED) -> list[Kernel]:
    """Return the ways to run a convolution that takes pixels as they are, for their int8 values."""
    operator = node.operator
    assert isinstance(operator, Conv2d)
    check_linear(model, node, operator)
    return patches(model, node, operator, PIXEL_FLIP, runs)


def pointwise(model: PackedModel, node: Node, operator: Conv2d, runs: Runs) -> list[Kernel]:
    read, written = model.read_by(node)[0], model.written_by(node)[0]
    from_, to = runs.get(read.name, 1), runs.get(written.name, 1)
    arrays = tuple(linear_arrays(model, node, operator))
    definition = layer_definition(model, node, operator, operator.inputs)

    def call(way: Way, reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        return way.once(work) + way.run(reads[0], from_, writes[0], to, read.positions, work)

    return [
        Kernel(
            way.sources,
            arrays,
            partial(call, way),
            definition,
            way.work_bytes,
            (0 if way.in_place and from_ == to else None,),
        )
        for way in ways(model, node, operator, read.positions, from_)
    ]


def patches(model: PackedModel, node: Node, operator: Conv2d, flip: int, runs: Runs) -> list[Kernel]:
    check_window(model, node, operator.window)
    read, written = model.read_by(node)[0], model.written_by(node)[0]
    symbol, columns = symbol_of(model, node.name), operator.weights.shape[1]
    if columns > LARGEST_PATCH:
        raise UnsupportedError(
            f"model '{model.name}', layer '{node.name}': a patch of {columns} exceeds {LARGEST_PATCH}"
        )
    pair, patch = pair_bytes(columns), round4(columns)
    definition = layer_definition(model, node, operator, operator.inputs) + window_definition(
        model, node, operator.window, flip
    )
    to = runs.get(written.name, 1)
    overlap = (least_distance(operator, read, written) if to in (1, written.map_shape[1]) else None,)
    arrays = tuple(linear_arrays(model, node, operator))

    def run(weights: str, block: int, reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        map_ = f"(const int8_t *){reads[0]}" if flip else reads[0]
        place = f"{map_}, {writes[0]}, {to}u, {block}u, {work}"
        return f"tg_conv(&{symbol}, &{symbol}_window, {weights}, {place});\n"

    if not is_sparse(operator):
        return [
            Kernel(
                ("tg_conv.c",),
                arrays,
                partial(run, f"{symbol}.values", block),
                definition,
                block // 2 * pair + patch,
                overlap,
            )
            for block in BLOCKS
        ]
    whole, survivors = expanded_bytes(operator), 4 * survivors_of_fullest_row(operator)

    def expanded(block: int, reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        after = words(work, whole)
        return expand(symbol, operator, work, after) + run(f"(int8_t *)({work})", block, reads, writes, after)

    sources = ("tg_conv.c", "tg_survivors_expand.c", row_source(operator))
    return [
        Kernel(
            sources,
            arrays,
            partial(expanded, block),
            definition,
            whole + max(block // 2 * pair + patch, survivors),
            overlap,
        )
        for block in BLOCKS
    ]


def least_distance(operator: Conv2d, read: Value, written: Value) -> int:
    """Return how far behind the output the input must begin so that no row of outputs falls on what is still needed."""
    _, columns, inputs = read.map_shape
    rows_out, columns_out, outputs = written.map_shape
    row = np.arange(rows_out)
    done_with = np.maximum(row * operator.window.stride[0] - operator.window.padding[0], 0) * columns * inputs
    return round4(max(0, int(((row + 1) * columns_out * outputs - done_with).max())))
