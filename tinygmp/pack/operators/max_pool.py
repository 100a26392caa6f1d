"""Pools of the largest value."""

from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators import max_pool
from tinygmp.graph.operators.pool import MaxPool
from tinygmp.pack.assembly import Assembly


def pack_max_pool(assembly: Assembly, node: FloatNode) -> None:
    operator = node.operator
    assert isinstance(operator, max_pool.MaxPool)
    assembly.add(node, MaxPool(operator.window, operator.limits))
