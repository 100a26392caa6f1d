"""Shares of one."""

from tinygmp.floats.graph import FloatNode
from tinygmp.graph.operators.softmax import Softmax
from tinygmp.pack.assembly import Assembly


def pack_softmax(assembly: Assembly, node: FloatNode) -> None:
    assembly.add(node, Softmax())
