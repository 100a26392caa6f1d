"""Channels that never change: what they add to the layers after them moves into biases."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.add import Add
from tinygmp.floats.operators.average_pool import AveragePool
from tinygmp.floats.operators.base import Operator, clamped
from tinygmp.floats.operators.concatenate import Concatenate
from tinygmp.floats.operators.conv2d import Conv2d
from tinygmp.floats.operators.depthwise_conv2d import DepthwiseConv2d
from tinygmp.floats.operators.global_average_pool import GlobalAveragePool
from tinygmp.floats.operators.linear import Linear
from tinygmp.floats.operators.max_pool import MaxPool
from tinygmp.floats.operators.pad import Pad
from tinygmp.floats.operators.reshape import Reshape
from tinygmp.graph.values import Shape

# By channel: the value of one that is the same at all positions for all inputs, NaN for one that changes.
Constants = np.ndarray


def absorb_constants(graph: FloatGraph) -> FloatGraph:
    """Return the graph with constant channels moved into the biases of their readers, whose weights for them go.

    A channel without surviving input is the constant activation(bias). Under zero padding only constants of 0 move,
    since the border is 0 and not the constant.
    """
    known = {name: unknown(shape) for name, shape in graph.shapes.items()}
    absorbed: dict[str, Operator] = {}
    for node in graph.nodes:
        operator = node.operator
        reads = [known[name] for name in node.reads]
        if isinstance(operator, Linear):
            reader = absorb(operator, of_columns(operator, reads[0], graph.shapes[node.reads[0]]))
            absorbed[node.name] = reader
            known[node.writes[0]] = constant_outputs(reader)
        elif rule := RULES.get(type(operator)):
            known[node.writes[0]] = rule(graph, node, operator, reads)
    return graph.with_operators(absorbed)


def unknown(shape: Shape) -> Constants:
    return np.full(shape[-1], np.nan, np.float32)


def of_columns(operator: Linear, constants: Constants, shape: Shape) -> Constants:
    """Return a constant for each input of the layer: of outputs if depthwise, of all elements if fully connected."""
    if isinstance(operator, DepthwiseConv2d):
        return np.repeat(constants, operator.multiplier)
    if isinstance(operator, Conv2d):
        return constants
    return np.tile(constants, int(np.prod(shape[:-1])))


def absorb(layer: Linear, constants: Constants) -> Linear:
    """Return the layer with the weights of absorbable constant inputs set to 0 and their sums in the bias."""
    known = ~np.isnan(constants)
    if isinstance(layer, Conv2d | DepthwiseConv2d) and any(layer.window.padding):
        known &= constants == 0
    if not known.any():
        return layer
    by_channel = layer.by_channel()
    values = np.where(known, constants, 0).astype(np.float32)
    remaining = by_channel.copy()
    if isinstance(layer, DepthwiseConv2d):
        gain = by_channel.sum(axis=(1, 2)) * values
        remaining[known] = 0
    else:
        gain = by_channel.sum(axis=1) @ values
        remaining[:, :, known] = 0
    return replace(layer, weights=remaining.reshape(layer.weights.shape), bias=layer.bias + gain)


def constant_outputs(layer: Linear) -> Constants:
    """Return float32 [outputs]: the value of outputs without any weight, NaN for the others."""
    value = clamped(layer.limits, layer.bias)
    return np.where((layer.weights != 0).any(axis=1), np.float32(np.nan), value)


def of_pool(
    graph: FloatGraph, node: FloatNode, operator: MaxPool | AveragePool, reads: list[Constants]
) -> Constants:
    return clamped(operator.limits, reads[0])


def of_mean(
    graph: FloatGraph, node: FloatNode, operator: GlobalAveragePool, reads: list[Constants]
) -> Constants:
    return reads[0]


def of_pad(graph: FloatGraph, node: FloatNode, operator: Pad, reads: list[Constants]) -> Constants:
    return np.where(reads[0] == 0, reads[0], np.float32(np.nan))


def of_add(graph: FloatGraph, node: FloatNode, operator: Add, reads: list[Constants]) -> Constants:
    return clamped(operator.limits, reads[0] + reads[1])


def of_concatenate(
    graph: FloatGraph, node: FloatNode, operator: Concatenate, reads: list[Constants]
) -> Constants:
    if operator.axis == -1:
        return np.concatenate(reads)
    same = np.logical_and.reduce([part == reads[0] for part in reads])
    return np.where(same, reads[0], np.float32(np.nan))


def of_reshape(graph: FloatGraph, node: FloatNode, operator: Reshape, reads: list[Constants]) -> Constants:
    before = graph.shapes[node.reads[0]]
    if operator.shape[-1] == before[-1]:
        return reads[0]
    if len(operator.shape) == 1:
        return np.tile(reads[0], int(np.prod(before[:-1])))
    return unknown(operator.shape)


RULES: dict[type, Callable[[FloatGraph, FloatNode, Any, list[Constants]], Constants]] = {
    MaxPool: of_pool,
    AveragePool: of_pool,
    GlobalAveragePool: of_mean,
    Pad: of_pad,
    Add: of_add,
    Concatenate: of_concatenate,
    Reshape: of_reshape,
}
