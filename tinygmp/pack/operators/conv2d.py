"""Convolutions."""

from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators import conv2d
from tinygmp.graph.operators.conv2d import Conv2d
from tinygmp.pack.assembly import Assembly
from tinygmp.pack.operators.linear import linear_fields


def pack_conv2d(assembly: Assembly, node: FloatNode) -> None:
    layer = node.operator
    assert isinstance(layer, conv2d.Conv2d)
    assembly.add(node, Conv2d(**linear_fields(assembly, node), window=layer.window))
