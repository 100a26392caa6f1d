"""The mean over a map."""

from tinygmp.floats.graph import FloatNode
from tinygmp.graph.operators.pool import GlobalAveragePool
from tinygmp.pack.assembly import Assembly


def pack_global_average_pool(assembly: Assembly, node: FloatNode) -> None:
    assembly.add(node, GlobalAveragePool())
