"""Float MobileNet-V1 weights to a PackedImageModel: calibration, per-channel int8, formats by size."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import numpy as np

from tinygmp.errors import ConfigError, DataError
from tinygmp.models.mobilenet_v1_weights import FoldedLayer, MobileNetWeights, float_activations, input_real
from tinygmp.pack.compact_images import compact_images
from tinygmp.pack.image_bias_correction import correct_image_biases
from tinygmp.packed.image_model import (
    Activation,
    Conv2d,
    DepthwiseConv2d,
    GlobalAveragePool,
    ImageClassifier,
    ImageLayer,
    ImageLinear,
    PackedImageModel,
)
from tinygmp.packed.layers import INT8_LIMIT
from tinygmp.sparse.choice import choose

FORMATS = ("dense", "bitmask", "rice")
LEAST_FACTOR = 2.0**-31
CORRECTION_IMAGES = 64  # of more, the mean errors change little


def pack_with_images(
    weights: MobileNetWeights,
    pixels: np.ndarray,
    name: str,
    labels: tuple[str, ...],
    provenance: Mapping[str, str],
    percentile: float = 100.0,
    rounding: str = "fp32",
) -> PackedImageModel:
    """Return the packed model of a float network, with ranges and biases from unlabelled images.

    pixels: uint8 [images, size, size, channels], at least one; some hundred are good. percentile: as for
    `calibrate_images`; rounding: as for `pack_mobilenet`. Up to 64 of the images correct the biases.
    """
    calibration = calibrate_images(weights, pixels, percentile)
    model = pack_mobilenet(weights, calibration, name, labels, provenance, rounding)
    chosen = np.linspace(0, len(pixels) - 1, min(len(pixels), CORRECTION_IMAGES)).astype(int)
    return correct_image_biases(compact_images(weights), model, pixels[chosen])


def calibrate_images(
    weights: MobileNetWeights, pixels: np.ndarray, percentile: float = 100.0
) -> dict[str, Activation]:
    """Return the int8 meaning of every layer's output from uint8 images [images, size, size, channels].

    percentile: share of values inside the range, 100 for smallest and largest. Raises DataError without images.
    """
    if not 90 <= percentile <= 100:
        raise ConfigError(f"percentile {percentile} is outside 90..100; 100 takes smallest and largest")
    if not len(pixels):
        raise DataError("calibration needs at least one image; give some hundred")
    low: dict[str, list[float]] = {}
    high: dict[str, list[float]] = {}
    for image in input_real(pixels, weights):
        for name, values in float_activations(weights, image).items():
            low.setdefault(name, []).append(float(np.percentile(values, 100 - percentile)))
            high.setdefault(name, []).append(float(np.percentile(values, percentile)))
    return {name: affine(min(low[name]), max(high[name])) for name in low}


def affine(low: float, high: float) -> Activation:
    """Return the scale and zero point that cover [low, high] and hold zero exactly."""
    low, high = min(low, 0.0), max(high, 1e-3)
    scale = float(np.float32((high - low) / 255))
    return Activation(scale, int(np.clip(round(-128 - low / scale), -128, 127)))


def pack_mobilenet(
    weights: MobileNetWeights,
    calibration: Mapping[str, Activation],
    name: str,
    labels: tuple[str, ...],
    provenance: Mapping[str, str],
    rounding: str = "fp32",
) -> PackedImageModel:
    """Return the packed model without its dead channels; every tensor takes the smallest of dense, bitmask and Rice.

    rounding: 'fp32' to equal LiteRT's default, 'gemmlowp' to equal TFLite Micro (tinygmp/quant/rounding_multiply.py).
    """
    weights = compact_images(weights)
    layers: list[ImageLayer] = []
    before = Activation(float(np.float32(weights.pixel_scale)), round(weights.pixel_zero) - 128)
    first, *others = weights.layers
    # Integers hold whole levels: of a zero such as 127.5 the bias takes the half.
    level = round(weights.pixel_zero)
    offset = np.float32((level - weights.pixel_zero) * weights.pixel_scale)
    first = replace(first, bias=first.bias + first.weights.sum(axis=1) * offset)
    for layer in (first, *others):
        packed = pack_layer(layer, before, calibration[layer.name], rounding)
        if layer.name == "fc":
            layers.append(GlobalAveragePool("pool"))
        layers.append(cast(ImageLayer, packed))
        before = packed.output
    channels = weights.layers[0].weights.shape[1] // weights.layers[0].kernel ** 2
    return PackedImageModel(name, weights.size, channels, tuple(layers), labels, provenance)


def pack_layer(layer: FoldedLayer, before: Activation, after: Activation, rounding: str) -> ImageLinear:
    kind: type[ImageLinear] = DepthwiseConv2d if layer.depthwise else Conv2d
    peak = np.abs(layer.weights).max(axis=1)
    # A channel without weights, or with tiny ones, still needs a scale at which its bias fits 31 bits, and one that
    # XNNPACK takes: from sums to outputs by 2^-32 or more.
    bias_floor = np.abs(layer.bias) / (before.scale * 2.0**30)
    factor_floor = max(1e-9, LEAST_FACTOR * after.scale / before.scale)
    scales = np.maximum(np.maximum(peak / INT8_LIMIT, bias_floor), factor_floor).astype(np.float32)
    if layer.name == "fc":
        kind, scales = ImageClassifier, np.full_like(scales, scales.max())
    q = np.clip(np.rint(layer.weights / scales[:, None]), -INT8_LIMIT, INT8_LIMIT).astype(np.int8)
    bias = np.rint(layer.bias / (before.scale * scales.astype(np.float64))).astype(np.int32)
    return kind(
        name=layer.name,
        weights=choose(f"{layer.name}.weights", q, 1.0, FORMATS),
        weight_scales=scales,
        bias=bias,
        input=before,
        output=after,
        activation=layer.activation,
        kernel=layer.kernel,
        stride=layer.stride,
        padding=layer.padding,
        rounding=rounding,
    )
