"""The mean over a map."""

from tinygmp.floats.graph import FloatNode
from tinygmp.graph.operators.pool import GlobalAveragePool
from tinygmp.pack.assembly import Assembly


def pack_global_average_pool(assembly: Assembly, node: FloatNode) -> None:
    """Add a mean, which rescales where what it writes has a meaning of its own."""
    read, written = assembly.read(node.reads[0]), assembly.meant(node.writes[0])
    operator = GlobalAveragePool() if read.means_as(written) else GlobalAveragePool(assembly.rounding)
    assembly.add(node, operator, written)
