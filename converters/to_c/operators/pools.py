"""Pools: the largest, the mean, the mean of all."""

from collections.abc import Sequence

from converters.to_c.arrays import symbol_of
from converters.to_c.kernel import Kernel
from converters.to_c.operators.linear import check_window, window_definition
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.pool import AveragePool, MaxPool


def pool(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to run a pool with a kernel."""
    operator = node.operator
    assert isinstance(operator, MaxPool | AveragePool)
    check_window(model, node, operator.window)
    read, written = model.read_by(node)[0], model.written_by(node)[0]
    symbol = symbol_of(model, node.name)
    low, high = operator.limits.integers(written)
    name = "tg_max_pool" if isinstance(operator, MaxPool) else "tg_average_pool"

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        return f"{name}(&{symbol}_window, {reads[0]}, {writes[0]}, {read.channels}u, {low}, {high});\n"

    return [Kernel((f"{name}.c",), (), call, window_definition(model, node, operator.window))]


def global_average_pool(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to run the mean over a whole map."""
    read = model.read_by(node)[0]

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        return f"tg_global_average({reads[0]}, {writes[0]}, {read.positions}u, {read.channels}u);\n"

    return [Kernel(("tg_global_average.c",), (), call, overlap=(0,))]
