"""Shift biases by the mean error that rounding leaves (Nagel et al. 2019, section 4.2)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.base import clamped
from tinygmp.floats.operators.linear import Linear
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators import linear
from tinygmp.graph.reference.convolution import linear_sums, requantized
from tinygmp.graph.reference.registry import prepared

LARGEST_BIAS = 1 << 30
Arrays = dict[str, np.ndarray]


def correct_biases(graph: FloatGraph, model: PackedModel, inputs: Sequence[np.ndarray]) -> PackedModel:
    """Return the packed model whose sums have, channel by channel, the float graph's mean over these inputs.

    graph: what `model` was packed from, node by node alike, without states. In order of execution: a layer sees the
    integers that the corrected layers before it give.
    """
    floats: Arrays = dict(zip(graph.inputs, inputs, strict=True))
    integers: Arrays = {
        name: model.values[name].quantize(array) if array.dtype.kind == "f" else array
        for name, array in floats.items()
    }
    corrected = []
    for at, (real, node) in enumerate(zip(graph.nodes, model.nodes, strict=True)):
        if isinstance(node.operator, linear.Linear):
            corrected.append(corrected_layer(model, real, node, floats, integers))
        else:
            graph.execute((real,), floats)
            execute = prepared(node.operator, model.read_by(node), model.written_by(node))
            integers |= zip(node.writes, execute(*(integers[name] for name in node.reads)), strict=True)
            corrected.append(node)
        forget(floats, graph.nodes[at + 1 :])
        forget(integers, model.nodes[at + 1 :])
    return replace(model, nodes=tuple(corrected))


def corrected_layer(
    model: PackedModel, real: FloatNode, node: Node, floats: Arrays, integers: Arrays
) -> Node:
    """Return the layer with its new bias; both networks' outputs join their values."""
    layer, packed = real.operator, node.operator
    assert isinstance(layer, Linear)
    assert isinstance(packed, linear.Linear)
    (read,), (written,) = model.read_by(node), model.written_by(node)
    sums = layer.sums(floats[real.reads[0]])
    accumulators = linear_sums(packed, read, integers[read.name])
    unit = read.scale * packed.weight_scales.astype(np.float64)
    shift = np.rint(channel_means(sums) / unit - channel_means(accumulators))
    bias = np.clip(packed.bias + shift, -LARGEST_BIAS, LARGEST_BIAS).astype(np.int32)
    moved = bias.astype(np.int64) - packed.bias
    floats[real.writes[0]] = clamped(layer.limits, sums)
    packed = replace(packed, bias=bias)
    made = accumulators + moved
    as_they_are = written.dtype == "int32"
    integers[written.name] = made if as_they_are else requantized(packed, read, written, made)
    return replace(node, operator=packed)


def channel_means(maps: np.ndarray) -> np.ndarray:
    """Return float64 [channels]: the mean over samples and positions of [samples, ..., channels]."""
    samples = [one.reshape(-1, one.shape[-1]).mean(axis=0, dtype=np.float64) for one in maps]
    return np.asarray(np.mean(samples, axis=0))


def forget(values: Arrays, nodes: Sequence[FloatNode | Node]) -> None:
    """Drop the values that no later node reads."""
    wanted = {name for node in nodes for name in node.reads}
    for name in set(values) - wanted:
        del values[name]
