"""Remove from a float graph what no output depends on: exact, the rest computes the same."""

from dataclasses import replace

import numpy as np

from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.base import Operator
from tinygmp.floats.operators.depthwise_conv2d import DepthwiseConv2d
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.linear import Linear
from tinygmp.floats.operators.reshape import Reshape
from tinygmp.pack.cell_units import with_units, without_dead_ranks
from tinygmp.pack.constants import absorb_constants
from tinygmp.pack.demand import Channels, channels_kept


def compact(graph: FloatGraph) -> FloatGraph:
    """Return the graph without dead channels, without channels that never change, without dead units and ranks.

    A channel is dead when no surviving weight reads it, a hidden unit when no path of surviving weights leads from it
    to an output. At least one channel of each value remains.
    """
    graph = drop_unread_nodes(graph)
    while True:
        absorbed = absorb_constants(graph)
        smaller = shrunk(absorbed, channels_kept(absorbed))
        if shapes_of(smaller) == shapes_of(graph):
            return smaller
        graph = smaller


def shapes_of(graph: FloatGraph) -> list[tuple[int, ...]]:
    return [matrix.shape for matrix in graph.prunable().values()]


def drop_unread_nodes(graph: FloatGraph) -> FloatGraph:
    """Return the graph without nodes that lead to no output and no state."""
    wanted = {*graph.outputs, *(state.written for state in graph.states)}
    kept: list[FloatNode] = []
    for node in reversed(graph.nodes):
        if wanted & set(node.writes):
            kept.append(node)
            wanted |= set(node.reads)
    return replace(graph, nodes=tuple(reversed(kept)))


def shrunk(graph: FloatGraph, kept: Channels) -> FloatGraph:
    """Return the graph with only these channels of its values."""
    return graph.with_operators({node.name: shrunk_operator(graph, node, kept) for node in graph.nodes})


def shrunk_operator(graph: FloatGraph, node: FloatNode, kept: Channels) -> Operator:
    operator = node.operator
    read, written = kept[node.reads[0]], kept[node.writes[0]]
    if isinstance(operator, FastGrnn):
        return without_dead_ranks(with_units(operator, np.flatnonzero(written)))
    if isinstance(operator, Reshape):
        return replace(operator, shape=(*operator.shape[:-1], int(written.sum())))
    if not isinstance(operator, Linear):
        return operator
    weights = operator.weights[written]
    if not isinstance(operator, DepthwiseConv2d):
        by_channel = operator.by_channel()[written]
        read = np.tile(read, by_channel.shape[2] // len(read))
        weights = np.ascontiguousarray(by_channel[:, :, read]).reshape(len(by_channel), -1)
    return replace(operator, weights=weights, bias=operator.bias[written])
