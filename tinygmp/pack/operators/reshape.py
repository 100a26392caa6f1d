"""Changes of shape."""

from tinygmp.floats.graph import FloatNode
from tinygmp.graph.operators.reshape import Reshape
from tinygmp.pack.assembly import Assembly


def pack_reshape(assembly: Assembly, node: FloatNode) -> None:
    assembly.add(node, Reshape())
