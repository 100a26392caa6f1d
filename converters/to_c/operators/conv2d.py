"""Convolutions over all channels: 1 x 1 by position or by survivor, any other patch by patch."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from converters.to_c.arrays import symbol_of
from converters.to_c.kernel import Kernel, round4, words
from converters.to_c.operators.linear import (
    begin_rows,
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
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.conv2d import Conv2d
from tinygmp.graph.values import Value

# Below this share of survivors a list of them beats dense weights (measured on a Cortex-M4F).
LIST_DENSITY = 0.45
LARGEST_PATCH = 65535
PIXEL_FLIP = 0x80
# Parts into which the positions of a sparse kernel are cut; each reads the weights again.
BANDS = tuple(2**power for power in range(7))
LARGEST_PLANES = 65536
BLOCKS = (8, 4, 2)  # positions whose inputs are unpacked at once: more are faster and take more memory


def conv2d(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the ways to run a convolution of an int8 map."""
    operator = node.operator
    assert isinstance(operator, Conv2d)
    check_linear(model, node, operator)
    return (
        pointwise(model, node, operator)
        if operator.window.is_pointwise
        else patches(model, node, operator, 0)
    )


def pixel_conv2d(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the ways to run a convolution that takes pixels as they are, for their int8 values."""
    operator = node.operator
    assert isinstance(operator, Conv2d)
    check_linear(model, node, operator)
    return patches(model, node, operator, PIXEL_FLIP)


def pointwise(model: PackedModel, node: Node, operator: Conv2d) -> list[Kernel]:
    symbol, positions = symbol_of(model, node.name), model.read_by(node)[0].positions
    arrays = tuple(linear_arrays(model, node, operator))
    definition = layer_definition(model, node, operator, operator.inputs)
    pair = pair_bytes(operator.inputs)

    def run(weights: str, block: int, reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        place = f"{reads[0]}, {writes[0]}, {positions}u, {block}u, {work}"
        return f"tg_pointwise_dense(&{symbol}, {weights}, {place});\n"

    if not is_sparse(operator):
        return [
            Kernel(
                ("tg_pointwise_dense.c",),
                arrays,
                partial(run, f"{symbol}.values", block),
                definition,
                block // 2 * pair,
                (0,),
            )
            for block in BLOCKS
        ]
    survivors, whole = 4 * survivors_of_fullest_row(operator), expanded_bytes(operator)

    def listed(band: int, reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        place = f"{reads[0]}, {writes[0]}, {positions}u, {band}u, {work}"
        return f"tg_pointwise_sparse(&{symbol}, {begin_rows(operator)}, {place});\n"

    def expanded(block: int, reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        after = words(work, whole)
        return expand(symbol, operator, work, after) + run(f"(int8_t *)({work})", block, reads, writes, after)

    rows = row_source(operator)
    by_list = [
        Kernel(
            ("tg_pointwise_sparse.c", rows),
            arrays,
            partial(listed, band),
            definition,
            operator.inputs * band + survivors + 8,
            (0,),
        )
        for band in bands(operator.inputs, positions)
    ]
    # The list of a row is needed only before the kernel's own work space.
    by_position = [
        Kernel(
            ("tg_pointwise_dense.c", "tg_survivors_expand.c", rows),
            arrays,
            partial(expanded, block),
            definition,
            whole + max(block // 2 * pair, survivors),
            (0,),
        )
        for block in BLOCKS
    ]
    density = operator.weights.nnz / operator.weights.size
    return [*by_list, *by_position] if density < LIST_DENSITY else [*by_position, *by_list]


def bands(inputs: int, positions: int) -> list[int]:
    """Return how many positions may be copied aside at once, the most first; multiples of 4, none if too many."""
    whole = round4(positions)
    sizes = {round4(-(-whole // parts)) for parts in BANDS}
    return sorted((each for each in sizes if inputs * each <= LARGEST_PLANES), reverse=True)


def patches(model: PackedModel, node: Node, operator: Conv2d, flip: int) -> list[Kernel]:
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
    overlap = (least_distance(operator, read, written),)
    arrays = tuple(linear_arrays(model, node, operator))

    def run(weights: str, block: int, reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        map_ = f"(const int8_t *){reads[0]}" if flip else reads[0]
        return f"tg_conv(&{symbol}, &{symbol}_window, {weights}, {map_}, {writes[0]}, {block}u, {work});\n"

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
