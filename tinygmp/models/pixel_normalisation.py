"""What pixels were to a network in training, and how its first layer takes that over."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinygmp.models.mobilenet_v1_weights import FoldedLayer

HALF = (0.5, 0.5, 0.5)  # mean and deviation of pixels in 0..1 that make them -1..1
# Scale and zero of pixels in 0..255, by what training fed.
PIXEL_MEANINGS = {"minus_one_to_one": (1 / 127.5, 127.5), "zero_to_one": (1 / 255, 0.0)}


def with_normalisation(
    layers: tuple[FoldedLayer, ...], mean: Sequence[float], std: Sequence[float]
) -> tuple[FoldedLayer, ...]:
    """Return the layers for input (pixel - 127.5) / 127.5 in place of (pixel / 255 - mean) / std."""
    first, *others = layers
    gain = (0.5 / np.asarray(std)).astype(np.float32)
    offset = ((0.5 - np.asarray(mean)) / np.asarray(std)).astype(np.float32)
    by_channel = first.weights.reshape(len(first.weights), -1, len(gain))
    bias = first.bias + (by_channel * offset).sum(axis=(1, 2))
    return (replace(first, weights=(by_channel * gain).reshape(first.weights.shape), bias=bias), *others)
