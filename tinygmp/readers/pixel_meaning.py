"""What pixels were to a network in training, and how its first layers take that over."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinygmp.errors import ConfigError, DataError
from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.depthwise_conv2d import DepthwiseConv2d
from tinygmp.floats.operators.linear import Linear
from tinygmp.floats.operators.pixel_input import PixelInput

HALF = (0.5, 0.5, 0.5)  # mean and deviation of pixels in 0..1 that make them -1..1
# Scale and zero of pixels in 0..255, by what training fed.
PIXEL_MEANINGS = {"minus_one_to_one": PixelInput(1 / 127.5, 127.5), "zero_to_one": PixelInput(1 / 255, 0.0)}


def pixel_input(pixels: str | None) -> PixelInput | None:
    """Return the meaning of a name; None stays None: the input is plain reals. Raises DataError for an unknown name."""
    if pixels is None:
        return None
    if pixels not in PIXEL_MEANINGS:
        raise DataError(f"pixels '{pixels}' is unknown; known: {', '.join(PIXEL_MEANINGS)}")
    return PIXEL_MEANINGS[pixels]


def with_normalisation(graph: FloatGraph, mean: Sequence[float], std: Sequence[float]) -> FloatGraph:
    """Return the graph for input (pixel - 127.5) / 127.5 in place of (pixel / 255 - mean) / std.

    The layers that read pixels take factors and offsets; where another operator reads them, a layer of one tap a
    channel does. Raises ConfigError where mean and std differ by channel and are not as many as the channels.
    """
    for node in tuple(graph.nodes_of(PixelInput)):
        channels = graph.shapes[node.writes[0]][-1]
        gain, offset = factors(mean, std, channels)
        readers = graph.readers(node.writes[0])
        if not all(isinstance(reader.operator, Linear) for reader in readers):
            graph = with_own_layer(graph, node, gain, offset)
            continue
        graph = graph.with_operators(
            {each.name: normalised(each.operator, gain, offset) for each in readers}  # type: ignore[arg-type]
        )
    return graph


def factors(mean: Sequence[float], std: Sequence[float], channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return by channel what -1..1 is multiplied by and what is added to it."""
    if len({*mean}) == len({*std}) == 1:
        mean, std = [mean[0]] * channels, [std[0]] * channels
    if not len(mean) == len(std) == channels:
        raise ConfigError(
            f"mean {tuple(mean)} and std {tuple(std)} for a first layer of {channels} channels; give {channels}, or "
            "one for all"
        )
    gain = (0.5 / np.asarray(std)).astype(np.float32)
    return gain, ((0.5 - np.asarray(mean)) / np.asarray(std)).astype(np.float32)


def normalised(layer: Linear, gain: np.ndarray, offset: np.ndarray) -> Linear:
    if isinstance(layer, DepthwiseConv2d):
        gain, offset = (np.repeat(part, layer.multiplier) for part in (gain, offset))
        bias = layer.bias + (layer.weights * offset[:, None]).sum(axis=1)
        return replace(layer, weights=layer.weights * gain[:, None], bias=bias)
    by_channel = layer.weights.reshape(layer.outputs, -1, len(gain))
    bias = layer.bias + (by_channel * offset).sum(axis=(1, 2))
    return replace(layer, weights=(by_channel * gain).reshape(layer.weights.shape), bias=bias)


def with_own_layer(graph: FloatGraph, pixels: FloatNode, gain: np.ndarray, offset: np.ndarray) -> FloatGraph:
    if (gain == 1).all() and (offset == 0).all():
        return graph
    raw = f"{pixels.name}_raw"
    layer = FloatNode(
        f"{pixels.name}_scale",
        DepthwiseConv2d(np.ascontiguousarray(gain[:, None]), offset),
        (raw,),
        pixels.writes,
    )
    nodes: list[FloatNode] = []
    for node in graph.nodes:
        nodes += [replace(node, writes=(raw,)), layer] if node is pixels else [node]
    return replace(graph, nodes=tuple(nodes))
