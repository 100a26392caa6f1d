"""Matrices: to int8 through a multiplier, or behind a cell to int32 sums as they are."""

from dataclasses import replace

import numpy as np

from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators import fully_connected
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.hidden_layer import HiddenLayer
from tinygmp.graph.operators.limits import NO_LIMITS
from tinygmp.graph.values import Value
from tinygmp.pack.assembly import Assembly
from tinygmp.pack.operators.linear import linear_fields
from tinygmp.quant.requantize import INT16_MAX, Requantizer, fit_requantizer


def pack_fully_connected(assembly: Assembly, node: FloatNode) -> None:
    if writes_sums(assembly.graph, node):
        pack_sums(assembly, node)
        return
    if assembly.read(node.reads[0]).dtype == "int16":
        pack_hidden_layer(assembly, node)
        return
    if assembly.sums and gives_answer(assembly.graph, node):
        pack_answer(assembly, node)
        return
    assembly.add(node, FullyConnected(**linear_fields(assembly, node, one_scale=not assembly.finer)))


def gives_answer(graph: FloatGraph, node: FloatNode) -> bool:
    """True for a layer whose sums nothing but the outside reads."""
    layer, written = node.operator, node.writes[0]
    assert isinstance(layer, fully_connected.FullyConnected)
    return layer.limits == NO_LIMITS and written in graph.outputs and not graph.readers(written)


def pack_answer(assembly: Assembly, node: FloatNode) -> None:
    """Add a matrix of int8 values whose int32 sums are the answer."""
    operator = FullyConnected(**linear_fields(assembly, node, one_scale=True))
    scale = float(np.float32(assembly.read(node.reads[0]).scale) * operator.weight_scales[0])
    assembly.add(node, operator, Value(node.writes[0], (operator.outputs,), "int32", scale))


def writes_sums(graph: FloatGraph, node: FloatNode) -> bool:
    """True for a layer that reads a cell's state and whose sums nothing but the outside reads."""
    return reads_cells(graph, node) and gives_answer(graph, node)


def reads_cells(graph: FloatGraph, node: FloatNode) -> bool:
    """True for a layer that reads a cell's state, or layers in a row that do."""
    writer = graph.writer(node.reads[0])
    if node.reads[0] in {state.written for state in graph.states}:
        return True
    return (
        writer is not None
        and isinstance(writer.operator, fully_connected.FullyConnected)
        and reads_cells(graph, writer)
    )


def pack_hidden_layer(assembly: Assembly, node: FloatNode) -> None:
    """Add a matrix of 16 bits, behind a cell and before the answer."""
    layer, read = node.operator, assembly.read(node.reads[0])
    assert isinstance(layer, fully_connected.FullyConnected)
    tensor, written = assembly.tensors[f"{node.name}.weights"], assembly.meant(node.writes[0])
    unit = tensor.scale * read.scale
    bias = np.clip(np.rint(layer.bias / unit), -(2**30), 2**30).astype(np.int32)
    packed = HiddenLayer(tensor, bias, Requantizer(0, 1, 1), layer.limits)
    limit = min(packed.largest_sum(), int(INT16_MAX * written.scale / unit))
    assembly.add(
        node, replace(packed, requantizer=fit_requantizer(unit / written.scale, max(1, limit))), written
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
