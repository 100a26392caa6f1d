"""Joins."""

from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators import concatenate
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.pack.assembly import Assembly


def pack_concatenate(assembly: Assembly, node: FloatNode) -> None:
    operator = node.operator
    assert isinstance(operator, concatenate.Concatenate)
    assembly.add(node, Concatenate(operator.axis))
