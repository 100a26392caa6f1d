"""Random but valid packed image networks of MobileNet-V1's shape: for tests and benchmarks before training."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from tinygmp.packed.image_model import (
    PIXELS,
    Activation,
    Conv2d,
    DepthwiseConv2d,
    GlobalAveragePool,
    ImageClassifier,
    ImageLayer,
    ImageLinear,
    PackedImageModel,
)
from tinygmp.packed.random_model import random_weights
from tinygmp.sparse import encode

# Channels and stride of each depthwise-separable block; the stem has 8 channels: MobileNet-V1 0.25.
QUARTER_BLOCKS = (
    (16, 1),
    (32, 2),
    (32, 1),
    (64, 2),
    (64, 1),
    (128, 2),
    *((128, 1),) * 5,
    (256, 2),
    (256, 1),
)
FEATURES = Activation(float(np.float32(6 / 255)), -128)
RECTIFIED_MEAN = 70  # of q - zero point, about
LOGITS = Activation(0.125, 3)


def random_image_model(
    seed: int = 0,
    size: int = 96,
    stem: int = 8,
    blocks: Sequence[tuple[int, int]] = QUARTER_BLOCKS,
    classes: int = 2,
    kept: float = 1.0,
    index_format: str = "dense",
    rounding: str = "fp32",
) -> PackedImageModel:
    """Return a network of uniform int8 weights; padding as TensorFlow's SAME, ReLU6 everywhere but the last layer.

    kept: fraction of the weights of 1x1 convolutions and classifier that are not zero, which are stored in
    `index_format`; all others are dense. Labelled as random in its provenance.
    """
    chain = RandomChain(seed, size, kept, index_format, rounding)
    chain.add(Conv2d, "stem", stem, 3, 2)
    for number, (channels, stride) in enumerate(blocks, 1):
        chain.add(DepthwiseConv2d, f"dw{number}", chain.channels, 3, stride)
        chain.add(Conv2d, f"pw{number}", channels, 1, 1)
    chain.layers.append(GlobalAveragePool("pool"))
    chain.add(ImageClassifier, "fc", classes, 1, 1)
    notes = {"data": "random weights", "synthetic": "yes", "seed": str(seed), "recipe": "random"}
    labels = tuple(f"class{index}" for index in range(classes))
    return PackedImageModel(f"random_images{seed}", size, 3, tuple(chain.layers), labels, notes)


class RandomChain:
    """Layers under construction; the outputs of each spread over the int8 range."""

    def __init__(self, seed: int, size: int, kept: float, index_format: str, rounding: str) -> None:
        self.rng = np.random.default_rng(seed)
        self.rows, self.channels, self.activation = size, 3, PIXELS
        self.kept, self.index_format, self.rounding = kept, index_format, rounding
        self.layers: list[ImageLayer] = []

    def add(self, kind: type[ImageLinear], name: str, outputs: int, kernel: int, stride: int) -> None:
        depthwise = kind is DepthwiseConv2d
        columns = kernel**2 * (1 if depthwise else self.channels)
        pruned = kernel == 1
        q = random_weights(self.rng, outputs, columns, self.kept if pruned else 1.0)
        after = LOGITS if kind is ImageClassifier else FEATURES
        # Random sums of n products of int8 have a deviation near 73 * 73 * sqrt(n); bring it to about a half, and
        # take out what the mean of a rectified map adds, so that different images keep different maps.
        spread = 73 * 73 * np.sqrt(max(1.0, columns * (self.kept if pruned else 1.0)))
        mean = 0 if self.activation is PIXELS else RECTIFIED_MEAN
        scale = 110 * after.scale / (self.activation.scale * spread)
        scales = (scale * self.rng.uniform(0.7, 1.4, outputs)).astype(np.float32)
        if kind is ImageClassifier:
            scales = np.full_like(scales, scales[0])
        layer = kind(
            name=name,
            weights=encode(f"{name}.weights", q, 1.0, self.index_format if pruned else "dense"),
            weight_scales=scales,
            bias=(self.rng.normal(0.3, 0.3, outputs) * spread - mean * q.sum(axis=1, dtype=np.int64)).astype(
                np.int32
            ),
            input=self.activation,
            output=after,
            activation="none" if kind is ImageClassifier else "relu6",
            kernel=kernel,
            stride=stride,
            padding=same(self.rows, kernel, stride),
            rounding=self.rounding,
        )
        self.layers.append(cast(ImageLayer, layer))
        self.rows, self.channels, self.activation = layer.rows_after(self.rows), outputs, after


def same(rows: int, kernel: int, stride: int) -> tuple[int, int, int, int]:
    """Return TensorFlow's SAME padding."""
    total = max((-(-rows // stride) - 1) * stride + kernel - rows, 0)
    return (total // 2, total - total // 2) * 2
