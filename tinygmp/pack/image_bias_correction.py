"""Shift the biases of an image network by the mean error that rounding leaves (Nagel et al. 2019, section 4.2)."""

from dataclasses import replace
from typing import cast

import numpy as np

from tinygmp.models.mobilenet_v1_weights import (
    FoldedLayer,
    MobileNetWeights,
    activated,
    float_sums,
    input_real,
)
from tinygmp.packed.image_model import (
    GlobalAveragePool,
    ImageLayer,
    ImageLinear,
    PackedImageModel,
)
from tinygmp.packed.image_reference import accumulate, average_pool, requantized

LARGEST_BIAS = 1 << 30


def correct_image_biases(
    weights: MobileNetWeights, model: PackedImageModel, pixels: np.ndarray
) -> PackedImageModel:
    """Return the packed model whose sums have, channel by channel, the float network's mean over these images.

    weights: what `model` was packed from, layer by layer alike. pixels: uint8 [images, size, size, channels],
    unlabelled. In order of execution: a layer sees the integers that the corrected layers before it give.
    """
    floats = list(input_real(pixels, weights))
    integers = [(image.astype(np.int16) - 128).astype(np.int8) for image in pixels]
    folded = {layer.name: layer for layer in weights.layers}
    corrected: list[ImageLayer] = []
    for layer in model.layers:
        if isinstance(layer, GlobalAveragePool):
            floats = [x.mean(axis=(0, 1), keepdims=True) for x in floats]
            integers = [average_pool(x) for x in integers]
            corrected.append(layer)
            continue
        shifted, floats, integers = corrected_layer(folded[layer.name], layer, floats, integers)
        corrected.append(cast(ImageLayer, shifted))
    return replace(model, layers=tuple(corrected))


def corrected_layer(
    real: FoldedLayer, layer: ImageLinear, floats: list[np.ndarray], integers: list[np.ndarray]
) -> tuple[ImageLinear, list[np.ndarray], list[np.ndarray]]:
    """Return the layer with its new bias, and both networks' outputs of each image."""
    sums = [float_sums(real, x).astype(np.float32) for x in floats]
    decoded = layer.weights.decode()
    accumulators = [accumulate(layer, decoded, x).astype(np.int32) for x in integers]
    unit = layer.input.scale * layer.weight_scales.astype(np.float64)
    shift = np.rint(channel_means(sums) / unit - channel_means(accumulators))
    bias = np.clip(layer.bias + shift, -LARGEST_BIAS, LARGEST_BIAS).astype(np.int32)
    moved = bias.astype(np.int64) - layer.bias
    layer = replace(layer, bias=bias)
    outputs = [requantized(layer, accumulator + moved) for accumulator in accumulators]
    return layer, [activated(real, one) for one in sums], outputs


def channel_means(maps: list[np.ndarray]) -> np.ndarray:
    """Return float64 [channels]: the mean over images and positions of [rows, columns, channels]."""
    return np.mean([one.mean(axis=(0, 1), dtype=np.float64) for one in maps], axis=0)
