"""Pixels."""

from tinygmp.floats.graph import FloatNode
from tinygmp.graph.operators.pixel_input import PixelInput
from tinygmp.graph.values import Value
from tinygmp.pack.assembly import Assembly


def pack_pixel_input(assembly: Assembly, node: FloatNode) -> None:
    assembly.add_value(Value(node.reads[0], assembly.graph.shapes[node.reads[0]], "uint8"))
    assembly.add(node, PixelInput())
