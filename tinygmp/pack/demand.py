"""Which channels of a value anything depends on, and which can therefore go: through every operator of a graph."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.add import Add
from tinygmp.floats.operators.average_pool import AveragePool
from tinygmp.floats.operators.concatenate import Concatenate
from tinygmp.floats.operators.conv2d import Conv2d
from tinygmp.floats.operators.depthwise_conv2d import DepthwiseConv2d
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.global_average_pool import GlobalAveragePool
from tinygmp.floats.operators.linear import Linear
from tinygmp.floats.operators.max_pool import MaxPool
from tinygmp.floats.operators.pad import Pad
from tinygmp.floats.operators.reshape import Reshape
from tinygmp.pack.cell_units import alive_units

Channels = dict[str, np.ndarray]  # by value: bool [channels]


def channels_kept(graph: FloatGraph) -> Channels:
    """Return what has to stay: what a surviving weight or an output reads, at least one channel of each value.

    Values that are added keep the same channels; pools, depthwise layers and joins keep those of what they read.
    """
    wanted = {name: np.zeros(shape[-1], bool) for name, shape in graph.shapes.items()}
    for name in graph.outputs:
        wanted[name][:] = True
    while True:
        for node in reversed(graph.nodes):
            for name, channels in zip(node.reads, read_channels(graph, node, wanted), strict=True):
                wanted[name] = wanted[name] | channels
        kept, unequal = written_channels(graph, wanted)
        if not unequal:
            return kept
        for node in unequal:  # sums of values that differ in what they keep
            together = kept[node.reads[0]] | kept[node.reads[1]]
            for name in node.reads:
                wanted[name] = wanted[name] | together


def read_channels(graph: FloatGraph, node: FloatNode, wanted: Channels) -> list[np.ndarray]:
    """Return for each value that a node reads which channels it needs for what is wanted of it."""
    operator, after = node.operator, wanted[node.writes[0]]
    shapes = [graph.shapes[name] for name in node.reads]
    if isinstance(operator, DepthwiseConv2d):
        return [np.asarray(after.reshape(-1, operator.multiplier).any(axis=1))]
    if isinstance(operator, Linear):
        return [
            first_if_none(np.asarray(columns_read(operator, after).reshape(-1, shapes[0][-1]).any(axis=0)))
        ]
    if isinstance(operator, MaxPool | AveragePool | GlobalAveragePool | Pad | Add):
        return [after for _ in shapes]
    if isinstance(operator, Concatenate):
        if operator.axis != -1:
            return [after for _ in shapes]
        return np.split(after, np.cumsum([shape[-1] for shape in shapes])[:-1])
    if isinstance(operator, Reshape) and operator.shape[-1] == shapes[0][-1]:
        return [after]
    if isinstance(operator, Reshape) and len(operator.shape) == 1:
        return [np.asarray(after.reshape(-1, shapes[0][-1]).any(axis=0))]
    return [np.ones(shape[-1], bool) for shape in shapes]


def columns_read(layer: Linear, outputs: np.ndarray) -> np.ndarray:
    """Return bool [inputs]: those that hold a weight for one of these outputs."""
    return (layer.by_channel()[outputs] != 0).any(axis=(0, 1))


def first_if_none(channels: np.ndarray) -> np.ndarray:
    if not channels.any():
        channels[0] = True
    return channels


def written_channels(graph: FloatGraph, wanted: Channels) -> tuple[Channels, list[FloatNode]]:
    """Return the channels that every value keeps, and the sums whose two values do not keep the same."""
    kept = {name: np.ones(shape[-1], bool) for name, shape in graph.shapes.items()}
    unequal = []
    for node in graph.nodes:
        operator = node.operator
        reads = [kept[name] for name in node.reads]
        rule = WRITTEN.get(type(operator))
        if isinstance(operator, Add) and not np.array_equal(reads[0], reads[1]):
            unequal.append(node)
        if rule is not None:
            before = graph.shapes[node.reads[0]]
            kept[node.writes[0]] = rule(operator, reads, wanted[node.writes[0]], before)
    return kept, unequal


Rule = Callable[[Any, list[np.ndarray], np.ndarray, tuple[int, ...]], np.ndarray]


def reshaped(operator: Reshape, reads: list[np.ndarray], before: tuple[int, ...]) -> np.ndarray:
    if operator.shape[-1] == before[-1]:
        return reads[0]
    if len(operator.shape) == 1:
        return np.tile(reads[0], math.prod(before[:-1]))
    return np.ones(operator.shape[-1], bool)


WRITTEN: dict[type, Rule] = {
    Conv2d: lambda operator, reads, wanted, before: first_if_none(wanted.copy()),
    FullyConnected: lambda operator, reads, wanted, before: first_if_none(wanted.copy()),
    FastGrnn: lambda operator, reads, wanted, before: alive_units(operator, wanted),
    DepthwiseConv2d: lambda operator, reads, wanted, before: np.repeat(reads[0], operator.multiplier),
    Add: lambda operator, reads, wanted, before: reads[0] | reads[1],
    Concatenate: lambda operator, reads, wanted, before: (
        np.concatenate(reads) if operator.axis == -1 else np.logical_or.reduce(reads)
    ),
    Reshape: lambda operator, reads, wanted, before: reshaped(operator, reads, before),
    **dict.fromkeys(
        (MaxPool, AveragePool, GlobalAveragePool, Pad), lambda operator, reads, wanted, before: reads[0]
    ),
}
