"""Random but valid packed image networks of MobileNet-V1's shape: for tests and benchmarks before training."""

from collections.abc import Sequence

import numpy as np

from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.base import Operator
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.limits import NO_LIMITS, named_limits
from tinygmp.graph.operators.pixel_input import PixelInput
from tinygmp.graph.operators.pool import GlobalAveragePool
from tinygmp.graph.operators.window import Window, same_padding
from tinygmp.graph.random_weights import random_provenance, random_weights
from tinygmp.graph.values import Value
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
PIXEL_SCALE = float(np.float32(1 / 127.5))  # what pixel - 128 means to most networks
FEATURE_SCALE, FEATURE_ZERO = float(np.float32(6 / 255)), -128
RECTIFIED_MEAN = 70  # of q - zero point, about
LOGIT_SCALE, LOGIT_ZERO = 0.125, 3


def random_image_model(
    seed: int = 0,
    size: int = 96,
    stem: int = 8,
    blocks: Sequence[tuple[int, int]] = QUARTER_BLOCKS,
    classes: int = 2,
    kept: float = 1.0,
    index_format: str = "dense",
    rounding: str = "fp32",
) -> PackedModel:
    """Return a network of uniform int8 weights; padding as TensorFlow's SAME, ReLU6 everywhere but the last layer.

    kept: fraction of the weights of 1x1 convolutions and classifier that are not zero, which are stored in
    `index_format`; all others are dense. Labelled as random in its provenance.
    """
    chain = RandomChain(seed, size, kept, index_format, rounding)
    chain.convolve("stem", stem, 3, 2)
    for number, (channels, stride) in enumerate(blocks, 1):
        chain.convolve(f"dw{number}", chain.after.channels, 3, stride, depthwise=True)
        chain.convolve(f"pw{number}", channels, 1, 1)
    return chain.finished(f"random_images{seed}", tuple(f"class{index}" for index in range(classes)))


class RandomChain:
    """Layers under construction; the outputs of each spread over the int8 range."""

    def __init__(self, seed: int, size: int, kept: float, index_format: str, rounding: str) -> None:
        self.seed, self.rng = seed, np.random.default_rng(seed)
        self.kept, self.index_format, self.rounding = kept, index_format, rounding
        self.values = [Value("pixels", (size, size, 3), "uint8")]
        self.nodes: list[Node] = []
        self.write("input", PixelInput(), (size, size, 3), PIXEL_SCALE, 0)

    @property
    def after(self) -> Value:
        """What the newest layer writes."""
        return self.values[-1]

    def write(
        self, name: str, operator: Operator, shape: tuple[int, ...], scale: float, zero_point: int
    ) -> None:
        value = Value(f"{name}_out", shape, "int8", scale, zero_point)
        self.nodes.append(Node(name, operator, (self.after.name,), (value.name,)))
        self.values.append(value)

    def convolve(self, name: str, outputs: int, kernel: int, stride: int, depthwise: bool = False) -> None:
        rows, columns, channels = self.after.map_shape
        sides = same_padding(rows, columns, (kernel, kernel), (stride, stride))
        window = Window((kernel, kernel), (stride, stride), padding=sides)
        fields = self.weights(
            name, outputs, kernel**2 * (1 if depthwise else channels), kernel == 1, FEATURE_SCALE
        )
        kind = DepthwiseConv2d if depthwise else Conv2d
        operator = kind(**fields, limits=named_limits("relu6"), rounding=self.rounding, window=window)
        self.write(name, operator, (*window.output(rows, columns), outputs), FEATURE_SCALE, FEATURE_ZERO)

    def classify(self, name: str, outputs: int) -> None:
        fields = self.weights(name, outputs, self.after.size, True, LOGIT_SCALE)
        fields["weight_scales"] = np.full_like(fields["weight_scales"], fields["weight_scales"][0])
        operator = FullyConnected(**fields, limits=NO_LIMITS, rounding=self.rounding)
        self.write(name, operator, (outputs,), LOGIT_SCALE, LOGIT_ZERO)

    def finished(self, name: str, labels: tuple[str, ...]) -> PackedModel:
        """Return the network with a mean over the map and a classifier behind the layers so far."""
        before = self.after
        self.write("pool", GlobalAveragePool(), (1, 1, before.channels), before.scale, before.zero_point)
        self.classify("fc", len(labels))
        return PackedModel(
            name,
            values={value.name: value for value in self.values},
            inputs=("pixels",),
            nodes=tuple(self.nodes),
            outputs=(self.after.name,),
            labels=labels,
            provenance=random_provenance(self.seed),
        )

    def weights(self, name: str, outputs: int, columns: int, pruned: bool, scale_after: float) -> dict:
        """Return weights, scales and biases as keyword arguments of a linear operator."""
        kept = self.kept if pruned else 1.0
        q = random_weights(self.rng, outputs, columns, kept)
        # Random sums of n products of int8 have a deviation near 73 * 73 * sqrt(n); bring it to about a half, and
        # take out what the mean of a rectified map adds, so that different images keep different maps.
        spread = 73 * 73 * np.sqrt(max(1.0, columns * kept))
        mean = 0 if len(self.nodes) == 1 else RECTIFIED_MEAN
        scale = 110 * scale_after / (self.after.scale * spread)
        scales = (scale * self.rng.uniform(0.7, 1.4, outputs)).astype(np.float32)
        bias = self.rng.normal(0.3, 0.3, outputs) * spread - mean * q.sum(axis=1, dtype=np.int64)
        return {
            "weights": encode(f"{name}.weights", q, 1.0, self.index_format if pruned else "dense"),
            "weight_scales": scales,
            "bias": bias.astype(np.int32),
        }
