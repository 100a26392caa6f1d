"""Fully connected layers: to int8 by way of a multiplier, or sums as they are."""

from collections.abc import Sequence

import numpy as np

from converters.to_c.arrays import ConstantArray, symbol_of
from converters.to_c.kernel import Kernel
from converters.to_c.operators.linear import (
    begin_rows,
    check_linear,
    folded_bias,
    is_sparse,
    layer_definition,
    linear_arrays,
    row_source,
    survivors_of_fullest_row,
    weight_arrays,
)
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.fully_connected import FullyConnected


def fully_connected(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to run a matrix."""
    operator = node.operator
    assert isinstance(operator, FullyConnected)
    check_linear(model, node, operator)
    if model.written_by(node)[0].dtype == "int32":
        return [sums(model, node, operator)]
    symbol, arrays = symbol_of(model, node.name), tuple(linear_arrays(model, node, operator))
    definition = layer_definition(model, node, operator, operator.inputs)
    each = "" if operator.one_scale else "_scales"  # one for each output
    if not is_sparse(operator):

        def dense(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
            return f"tg_fully_connected_dense{each}(&{symbol}, {symbol}.values, {reads[0]}, {writes[0]});\n"

        return [Kernel((f"tg_fully_connected{each}.c",), arrays, dense, definition)]

    def sparse(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        begin = begin_rows(operator)
        return f"tg_fully_connected_sparse{each}(&{symbol}, {begin}, {reads[0]}, {writes[0]}, {work});\n"

    sources = (f"tg_fully_connected_sparse{each}.c", row_source(operator))
    return [Kernel(sources, arrays, sparse, definition, 4 * survivors_of_fullest_row(operator))]


def sums(model: PackedModel, node: Node, operator: FullyConnected) -> Kernel:
    symbol, weights = symbol_of(model, node.name), symbol_of(model, operator.weights.name)
    bias = folded_bias(operator, model.read_by(node)[0]).astype(np.int32)
    arrays = (
        *weight_arrays(model, operator),
        ConstantArray(f"{symbol}_bias", bias, f"{node.name}: bias less zero point times weights"),
    )
    sizes = f"{operator.inputs}u, {operator.outputs}u"

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        if not is_sparse(operator):
            return f"tg_sums_dense({weights}_values, {symbol}_bias, {reads[0]}, {writes[0]}, {sizes});\n"
        rows = f"{begin_rows(operator)}, {weights}_index, {weights}_values"
        return f"tg_sums_sparse({rows}, {symbol}_bias, {reads[0]}, {writes[0]}, {sizes}, {work});\n"

    if not is_sparse(operator):
        return Kernel(("tg_fully_connected_sums.c",), arrays, call)
    sources = ("tg_fully_connected_sums_sparse.c", row_source(operator))
    return Kernel(sources, arrays, call, work_bytes=4 * survivors_of_fullest_row(operator))
