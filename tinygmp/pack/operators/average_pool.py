"""Pools of the mean."""

from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators import average_pool
from tinygmp.graph.operators.pool import AveragePool
from tinygmp.pack.assembly import Assembly


def pack_average_pool(assembly: Assembly, node: FloatNode) -> None:
    operator = node.operator
    assert isinstance(operator, average_pool.AveragePool)
    assembly.add(node, AveragePool(operator.window, operator.limits))
