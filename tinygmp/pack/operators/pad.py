"""Borders."""

from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators import pad
from tinygmp.graph.operators.pad import Pad
from tinygmp.pack.assembly import Assembly


def pack_pad(assembly: Assembly, node: FloatNode) -> None:
    operator = node.operator
    assert isinstance(operator, pad.Pad)
    assembly.add(node, Pad(operator.padding))
