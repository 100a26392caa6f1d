"""MobileNet-V1 weights with batch norm folded, as numpy arrays: what training hands to packing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import ConfigError, DataError
from tinygmp.packed.image_reference import linear_sums, patches

STRIDE_2 = ("conv0", "dw2", "dw4", "dw6", "dw12")
BLOCK_COUNT = 13
NAMES = ("conv0", *(f"{kind}{i}" for i in range(1, BLOCK_COUNT + 1) for kind in ("dw", "pw")), "fc")
KERAS_EPSILON = 1e-3


@dataclass(frozen=True)
class FoldedLayer:
    """One layer, y = activation(weights * x + bias); the pool before 'fc' is implied.

    weights: float32 [outputs, kernel * kernel * inputs] (rows, columns, inputs), [channels, kernel * kernel] when
    depthwise. padding: top, bottom, left, right.
    """

    name: str
    weights: np.ndarray
    bias: np.ndarray
    kernel: int = 1
    stride: int = 1
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    activation: str = "relu6"  # 'relu', 'none'

    @property
    def depthwise(self) -> bool:
        return self.name.startswith("dw")


@dataclass(frozen=True)
class MobileNetWeights:
    """All layers in order; pixels enter as pixel_scale * (pixel - pixel_zero), see `input_real`."""

    layers: tuple[FoldedLayer, ...]
    size: int
    source: str
    pixel_scale: float = 1 / 127.5
    pixel_zero: float = 127.5


def load_npz(path: Path, size: int) -> MobileNetWeights:
    """Return published weights of an .npz file: float with batch norm, or int8 with folded batch norm.

    Padding is TensorFlow's 'SAME' for square images of `size`. Raises DataError when keys are missing.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        folded = {name: fold_npz(arrays, name) for name in NAMES}
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"'{path}' holds no MobileNet-V1 weights ({error}); see docs/mobilenet.md") from error
    return assemble(folded, size, same_padding, "relu6", path.name)


def fold_npz(arrays: Mapping[str, np.ndarray], name: str) -> tuple[np.ndarray, np.ndarray]:
    if f"{name}.weight_q" in arrays:
        return arrays[f"{name}.weight_q"] * arrays[f"{name}.scale"], arrays[f"{name}.bias"]
    weight = arrays[f"{name}.weight"]
    if name == "fc":
        return weight, arrays["fc.bias"]
    gamma, beta, mean, variance = (
        arrays[f"{name}.bn.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    return fold_batch_norm(weight, gamma, beta, mean, variance, KERAS_EPSILON)


def from_module(module: Any, size: int) -> MobileNetWeights:
    """Return the weights of a tinygmp.models.mobilenet_v1.MobileNetV1 (symmetric padding 1, ReLU clamped at 6).

    The module's plain ReLU becomes ReLU6: activations above 6 are cut, so train with inputs and rates that keep
    them below, or accept the drop that `float_logits` shows.
    """
    convolutions = [module.stem]
    for block in module.blocks:
        convolutions += [block.depthwise, block.pointwise]
    folded: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, (conv, norm, _) in zip(NAMES[:-1], convolutions, strict=True):
        gamma, beta, mean, variance = (
            part.detach().numpy() for part in (norm.weight, norm.bias, norm.running_mean, norm.running_var)
        )
        weight = conv.weight.detach().numpy()
        folded[name] = fold_batch_norm(weight, gamma, beta, mean, variance, norm.eps)
    folded["fc"] = (module.classifier.weight.detach().numpy(), module.classifier.bias.detach().numpy())
    return assemble(folded, size, symmetric_padding, "relu6", "torch module")


def fold_batch_norm(
    weight: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    epsilon: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return OIHW weights and bias of a convolution followed by batch norm."""
    factor = gamma / np.sqrt(variance + epsilon)
    return weight * factor[:, None, None, None], beta - mean * factor


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int, int, int]:
    """Return TensorFlow's 'SAME' padding: top, bottom, left, right."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2, total // 2, total - total // 2


def symmetric_padding(size: int, kernel: int, stride: int) -> tuple[int, int, int, int]:
    """Return PyTorch's padding of half a kernel on every side."""
    return (kernel // 2,) * 4


def assemble(
    folded: Mapping[str, tuple[np.ndarray, np.ndarray]],
    size: int,
    padding: Callable[[int, int, int], tuple[int, int, int, int]],
    activation: str,
    source: str,
) -> MobileNetWeights:
    if size < 32 or size % 32:
        raise ConfigError(f"image size {size}: use a multiple of 32, from 32 up")
    layers, rows = [], size
    for name in NAMES:
        weight, bias = (np.asarray(array, np.float32) for array in folded[name])
        kernel = weight.shape[2] if weight.ndim == 4 else 1
        stride = 2 if name in STRIDE_2 else 1
        flat = weight.transpose(0, 2, 3, 1) if weight.ndim == 4 else weight
        flat = np.ascontiguousarray(flat.reshape(len(weight), -1))
        kind = "none" if name == "fc" else activation
        layers.append(FoldedLayer(name, flat, bias, kernel, stride, padding(rows, kernel, stride), kind))
        rows = -(-rows // stride)
    return MobileNetWeights(tuple(layers), size, source)


def input_real(pixels: np.ndarray, weights: MobileNetWeights) -> np.ndarray:
    """Return what uint8 pixels mean to the network, float32."""
    return ((pixels.astype(np.float32) - weights.pixel_zero) * weights.pixel_scale).astype(np.float32)


def float_activations(weights: MobileNetWeights, image: np.ndarray) -> dict[str, np.ndarray]:
    """Return every layer's float32 output for one real image [size, size, channels]; 'fc' holds the logits."""
    outputs = {}
    x = image
    for layer in weights.layers:
        if layer.name == "fc":
            x = x.mean(axis=(0, 1), keepdims=True)
        x = activated(layer, float_sums(layer, x))
        outputs[layer.name] = x
    return outputs


def float_sums(layer: FoldedLayer, x: np.ndarray) -> np.ndarray:
    """Return a layer's real sums [rows, columns, outputs] with their bias, before the activation."""
    taps = patches(x, layer.kernel, layer.stride, layer.padding)
    return linear_sums(taps, layer.weights, layer.depthwise) + layer.bias


def activated(layer: FoldedLayer, sums: np.ndarray) -> np.ndarray:
    if layer.activation == "none":
        return sums
    return np.clip(sums, 0, 6 if layer.activation == "relu6" else None)


def float_logits(weights: MobileNetWeights, pixels: np.ndarray) -> np.ndarray:
    """Return float32 logits [images, classes] of uint8 images [images, size, size, channels]."""
    return np.stack([float_activations(weights, image)["fc"][0, 0] for image in input_real(pixels, weights)])


def prune_globally(weights: MobileNetWeights, sparsity: float) -> MobileNetWeights:
    """Return the weights with the given share of all folded weights, smallest magnitudes first, set to zero."""
    if not 0 <= sparsity < 1:
        raise ConfigError(f"sparsity {sparsity}: give the share of zeros, 0 <= sparsity < 1")
    magnitudes = np.concatenate([np.abs(layer.weights).ravel() for layer in weights.layers])
    count = round(sparsity * magnitudes.size)
    if not count:
        return weights
    keep = np.ones(magnitudes.size, bool)
    keep[np.argsort(magnitudes, kind="stable")[:count]] = False
    layers, start = [], 0
    for layer in weights.layers:
        mask = keep[start : start + layer.weights.size].reshape(layer.weights.shape)
        layers.append(replace(layer, weights=layer.weights * mask))
        start += layer.weights.size
    return replace(weights, layers=tuple(layers))
