"""What pixels were to a network in training, and how its first layer takes that over."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.models.mobilenet_v1_weights import FoldedLayer

HALF = (0.5, 0.5, 0.5)  # mean and deviation of pixels in 0..1 that make them -1..1
# Scale and zero of pixels in 0..255, by what training fed.
PIXEL_MEANINGS = {"minus_one_to_one": (1 / 127.5, 127.5), "zero_to_one": (1 / 255, 0.0)}


def with_normalisation(
    layers: tuple[FoldedLayer, ...], mean: Sequence[float], std: Sequence[float]
) -> tuple[FoldedLayer, ...]:
    """Return the layers for input (pixel - 127.5) / 127.5 in place of (pixel / 255 - mean) / std.

    Raises ConfigError where mean and std differ by channel and are not as many as the first layer's channels.
    """
    first, *others = layers
    channels = first.weights.shape[1] // first.kernel**2
    if len({*mean}) == len({*std}) == 1:
        mean, std = [mean[0]] * channels, [std[0]] * channels
    if not len(mean) == len(std) == channels:
        raise ConfigError(
            f"mean {tuple(mean)} and std {tuple(std)} for a first layer of {channels} channels; give {channels}, or "
            "one for all"
        )
    gain = (0.5 / np.asarray(std)).astype(np.float32)
    offset = ((0.5 - np.asarray(mean)) / np.asarray(std)).astype(np.float32)
    by_channel = first.weights.reshape(len(first.weights), -1, len(gain))
    bias = first.bias + (by_channel * offset).sum(axis=(1, 2))
    return (replace(first, weights=(by_channel * gain).reshape(first.weights.shape), bias=bias), *others)
