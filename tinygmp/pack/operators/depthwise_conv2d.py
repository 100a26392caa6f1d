"""Depthwise convolutions."""

from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators import depthwise_conv2d
from tinygmp.graph.operators.conv2d import DepthwiseConv2d
from tinygmp.pack.assembly import Assembly
from tinygmp.pack.operators.linear import linear_fields


def pack_depthwise_conv2d(assembly: Assembly, node: FloatNode) -> None:
    layer = node.operator
    assert isinstance(layer, depthwise_conv2d.DepthwiseConv2d)
    fields = linear_fields(assembly, node)
    assembly.add(node, DepthwiseConv2d(**fields, window=layer.window, multiplier=layer.multiplier))
