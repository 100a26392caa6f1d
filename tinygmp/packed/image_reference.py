"""The integer reference executor of image networks: what it computes is the correct answer."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinygmp.errors import DataError
from tinygmp.packed.image_model import (
    DepthwiseConv2d,
    GlobalAveragePool,
    ImageClassifier,
    ImageLayer,
    ImageLinear,
    PackedImageModel,
)
from tinygmp.quant.rounding_multiply import float32_multiply, rounding_multiply, rounding_multiply_once


@dataclass(frozen=True)
class ImageOutput:
    """logits int8 [images, classes], real logits are scale * (q - zero_point) of the last layer; classes int64."""

    logits: np.ndarray
    classes: np.ndarray


def run_images(model: PackedImageModel, pixels: np.ndarray) -> ImageOutput:
    """Classify uint8 images [images, size, size, channels], one at a time; ties go to the lower class."""
    shape = (model.size, model.size, model.channels)
    if pixels.dtype != np.uint8 or pixels.shape[1:] != shape:
        raise DataError(
            f"model '{model.name}' needs uint8 images [images, {', '.join(map(str, shape))}], "
            f"got {pixels.dtype} {pixels.shape}"
        )
    weights = {layer.name: layer.weights.decode() for layer in model.linear()}
    logits = np.zeros((len(pixels), len(model.labels)), np.int8)
    for index, image in enumerate(pixels):
        x = (image.astype(np.int16) - 128).astype(np.int8)
        for layer in model.layers:
            x = apply(layer, weights, x)
        logits[index] = x[0, 0]
    return ImageOutput(logits, logits.argmax(axis=1))


def apply(layer: ImageLayer, weights: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    if isinstance(layer, GlobalAveragePool):
        return average_pool(x)
    return apply_linear(layer, weights[layer.name], x)


def average_pool(x: np.ndarray) -> np.ndarray:
    """Return int8 [1, 1, channels]: the mean, rounded half away from zero."""
    count = x.shape[0] * x.shape[1]
    total = x.astype(np.int64).sum(axis=(0, 1), keepdims=True)
    magnitude = (np.abs(total) + count // 2) // count
    return np.where(total < 0, -magnitude, magnitude).astype(np.int8)


def apply_linear(layer: ImageLinear, weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return int8 [rows, columns, outputs] of int8 [rows, columns, inputs]."""
    return requantized(layer, accumulate(layer, weights, x))


def accumulate(layer: ImageLinear, weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return int64 sums [rows, columns, outputs] with their bias."""
    taps = patches(x.astype(np.float64) - layer.input.zero_point, layer.kernel, layer.stride, layer.padding)
    # float64 holds every partial sum exactly: the model's check keeps them below 2**31.
    accumulator = linear_sums(taps, weights.astype(np.float64), isinstance(layer, DepthwiseConv2d))
    return accumulator.astype(np.int64) + layer.bias


def requantized(layer: ImageLinear, accumulator: np.ndarray) -> np.ndarray:
    """Return the int8 outputs of int64 sums [..., outputs]."""
    multiply = rounding_multiply_once if isinstance(layer, ImageClassifier) else rounding_multiply
    multiply = float32_multiply if layer.rounding == "fp32" else multiply
    scaled = multiply(accumulator, *layer.requantizers())
    return np.clip(scaled + layer.output.zero_point, *layer.clamp).astype(np.int8)


def patches(x: np.ndarray, kernel: int, stride: int, padding: tuple[int, int, int, int]) -> np.ndarray:
    """Return [rows, columns, kernel, kernel, channels]: what each output position sees, padded with zero."""
    top, bottom, left, right = padding
    padded = np.pad(x, ((top, bottom), (left, right), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(0, 1))
    return windows[::stride, ::stride].transpose(0, 1, 3, 4, 2)


def linear_sums(taps: np.ndarray, weights: np.ndarray, depthwise: bool) -> np.ndarray:
    """Return [rows, columns, outputs] of patches and weights [outputs, kernel * kernel * inputs]."""
    rows, columns, kernel = taps.shape[:3]
    if depthwise:
        return sum(
            taps[:, :, i, j] * weights[:, i * kernel + j] for i in range(kernel) for j in range(kernel)
        )
    return (taps.reshape(rows * columns, -1) @ weights.T).reshape(rows, columns, -1)
