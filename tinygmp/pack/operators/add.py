"""Sums of two values."""

from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators import add
from tinygmp.graph.operators.add import Add
from tinygmp.pack.assembly import Assembly


def pack_add(assembly: Assembly, node: FloatNode) -> None:
    operator = node.operator
    assert isinstance(operator, add.Add)
    assembly.add(node, Add(operator.limits))
