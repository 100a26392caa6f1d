"""Remove channels that no output depends on from a chain of convolutions: exact, the rest computes the same."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinygmp.models.mobilenet_v1_weights import FoldedLayer, MobileNetWeights

RELU6_LIMIT = 6.0


def compact_images(weights: MobileNetWeights) -> MobileNetWeights:
    """Return the network without dead channels and without channels that never change.

    A channel is dead when no surviving weight reads it. A channel without surviving input is the constant
    activation(bias): the next layer's biases take it where that is exact, which zero padding forbids for constants
    other than 0. At least one channel of each layer remains.
    """
    layers = list(weights.layers)
    while True:
        smaller = drop_unread(absorb_constants(layers))
        if [layer.weights.shape for layer in smaller] == [layer.weights.shape for layer in layers]:
            return replace(weights, layers=tuple(smaller))
        layers = smaller


def absorb_constants(layers: Sequence[FoldedLayer]) -> list[FoldedLayer]:
    """Return the layers with constant channels moved into the biases of their readers, whose weights for them go."""
    done: list[FoldedLayer] = []
    constants = np.full(1, np.nan)  # pixels are never constant; NaN stands for a channel that changes
    for layer in layers:
        inputs = channel_count(layer)
        if len(constants) != inputs:
            constants = np.full(inputs, np.nan)
        reader = absorb(layer, constants)
        done.append(reader)
        constants = constant_outputs(reader)
    return done


def absorb(layer: FoldedLayer, constants: np.ndarray) -> FoldedLayer:
    """Return the layer with the weights of absorbable constant inputs set to 0 and their sums in the bias."""
    known = ~np.isnan(constants)
    if any(layer.padding):
        known &= constants == 0
    if not known.any():
        return layer
    by_channel = per_channel(
        layer
    )  # [outputs, positions, inputs], a depthwise layer's own channel as input 0
    values = np.where(known, constants, 0).astype(np.float32)
    remaining = by_channel.copy()
    if layer.depthwise:
        gain = by_channel.sum(axis=(1, 2)) * values
        remaining[known] = 0
    else:
        gain = by_channel.sum(axis=1) @ values
        remaining[:, :, known] = 0
    return replace(layer, weights=remaining.reshape(layer.weights.shape), bias=layer.bias + gain)


def constant_outputs(layer: FoldedLayer) -> np.ndarray:
    """Return float32 [outputs]: the value of outputs without any weight, NaN for the others."""
    value = layer.bias.copy()
    if layer.activation in ("relu", "relu6"):
        value = np.maximum(value, 0)
    if layer.activation == "relu6":
        value = np.minimum(value, RELU6_LIMIT)
    return np.where((layer.weights != 0).any(axis=1), np.float32(np.nan), value)


def drop_unread(layers: Sequence[FoldedLayer]) -> list[FoldedLayer]:
    """Return the layers without the channels that nothing after them reads; outputs of the last one all stay."""
    kept = list(layers)
    for index in range(len(kept) - 1, 0, -1):
        reader = kept[index]
        read = np.flatnonzero(channels_read(reader))
        if reader.depthwise:
            # What a depthwise channel is worth was decided when the layer after it was looked at.
            continue
        kept[index] = keep_inputs(reader, read)
        kept[index - 1] = keep_outputs(kept[index - 1], read)
        if kept[index - 1].depthwise:
            kept[index - 2] = keep_outputs(kept[index - 2], read)
    return kept


def channels_read(layer: FoldedLayer) -> np.ndarray:
    """Return bool [inputs]: the input channels that hold a weight, the first one where none does."""
    read = (per_channel(layer) != 0).any(axis=(0, 1))
    if not read.any():
        read[0] = True
    return read


def keep_inputs(layer: FoldedLayer, channels: np.ndarray) -> FoldedLayer:
    kept = np.ascontiguousarray(per_channel(layer)[:, :, channels]).reshape(len(layer.weights), -1)
    return replace(layer, weights=kept)


def keep_outputs(layer: FoldedLayer, channels: np.ndarray) -> FoldedLayer:
    return replace(layer, weights=layer.weights[channels], bias=layer.bias[channels])


def per_channel(layer: FoldedLayer) -> np.ndarray:
    """Return the weights as [outputs, kernel positions, inputs]."""
    return layer.weights.reshape(len(layer.weights), layer.kernel**2, -1)


def channel_count(layer: FoldedLayer) -> int:
    """Return the number of input channels."""
    return len(layer.weights) if layer.depthwise else per_channel(layer).shape[2]
