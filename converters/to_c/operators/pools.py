"""Pools: the largest, the mean, the mean of all."""

from collections.abc import Sequence

from converters.to_c.arrays import symbol_of
from converters.to_c.kernel import INTERLEAVED, Kernel, Runs
from converters.to_c.operators.linear import check_window, window_definition
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.quant.rescaled_mean import Float32Mean


def pool(model: PackedModel, node: Node, runs: Runs = INTERLEAVED) -> list[Kernel]:
    """Return the way to run a pool with a kernel."""
    operator = node.operator
    assert isinstance(operator, MaxPool | AveragePool)
    check_window(model, node, operator.window)
    read, written = model.read_by(node)[0], model.written_by(node)[0]
    symbol = symbol_of(model, node.name)
    low, high = operator.limits.integers(written)
    name = "tg_max_pool" if isinstance(operator, MaxPool) else "tg_average_pool"

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        place = f"{reads[0]}, {runs.get(read.name, 1)}u, {writes[0]}"
        return f"{name}(&{symbol}_window, {place}, {read.channels}u, {low}, {high});\n"

    return [Kernel((f"{name}.c",), (), call, window_definition(model, node, operator.window))]


def global_average_pool(model: PackedModel, node: Node, runs: Runs = INTERLEAVED) -> list[Kernel]:
    """Return the way to run the mean over a whole map."""
    operator, read, symbol = node.operator, model.read_by(node)[0], symbol_of(model, node.name)
    assert isinstance(operator, GlobalAveragePool)
    name, by, source, definition = "tg_global_average", "", "tg_global_average.c", ""
    if operator.rescales:
        name, by, source = "tg_global_mean", f"&{symbol}, ", "tg_global_mean.c"
        definition = mean_definition(model, node, operator)

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        place = f"{reads[0]}, {runs.get(read.name, 1)}u, {writes[0]}"
        return f"{name}({by}{place}, {read.positions}u, {read.channels}u);\n"

    return [Kernel((source,), (), call, definition, overlap=(0,))]


def mean_definition(model: PackedModel, node: Node, operator: GlobalAveragePool) -> str:
    """Return the tg_mean of a node, in the form that its rounding has."""
    by = operator.scaling(*model.read_by(node), *model.written_by(node))
    if isinstance(by, Float32Mean):
        multiplier, shift, offset = by.stored()
        fields = f"(int64_t){offset}ll, {multiplier}, {shift}"
    else:
        fields = f"{by.bias}, {by.multiplier}, {-by.shift}, {by.zero}"
    return f"static const tg_mean {symbol_of(model, node.name)} = {{{fields}}};\n"
