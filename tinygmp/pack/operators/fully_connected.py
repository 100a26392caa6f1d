"""Matrices: to int8 through a multiplier, or behind a cell to int32 sums as they are."""

import numpy as np

from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators import fully_connected
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.limits import NO_LIMITS
from tinygmp.graph.values import Value
from tinygmp.pack.assembly import Assembly
from tinygmp.pack.operators.linear import linear_fields


def pack_fully_connected(assembly: Assembly, node: FloatNode) -> None:
    if writes_sums(assembly.graph, node):
        pack_sums(assembly, node)
        return
    assembly.add(node, FullyConnected(**linear_fields(assembly, node, one_scale=True)))


def writes_sums(graph: FloatGraph, node: FloatNode) -> bool:
    """True for a layer that reads a cell's state and whose sums nothing but the outside reads."""
    layer = node.operator
    return (
        isinstance(layer, fully_connected.FullyConnected)
        and layer.limits == NO_LIMITS
        and node.reads[0] in {state.written for state in graph.states}
        and node.writes[0] in graph.outputs
        and not graph.readers(node.writes[0])
    )


def pack_sums(assembly: Assembly, node: FloatNode) -> None:
    layer, read = node.operator, assembly.read(node.reads[0])
    assert isinstance(layer, fully_connected.FullyConnected)
    tensor = assembly.tensors[f"{node.name}.weights"]
    scale = tensor.scale * read.scale
    bias = np.rint(layer.bias / scale)
    dtype = np.int16 if np.abs(bias).max() <= 32767 else np.int32
    scales = np.full(layer.outputs, tensor.scale, np.float32)
    operator = FullyConnected(tensor, scales, bias.astype(dtype), rounding=assembly.rounding)
    assembly.add(node, operator, Value(node.writes[0], (layer.outputs,), "int32", float(scale)))
