"""Random float graphs of chosen layers for the tests of packing and pruning."""

import numpy as np

from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.base import Operator
from tinygmp.floats.operators.conv2d import Conv2d
from tinygmp.floats.operators.depthwise_conv2d import DepthwiseConv2d
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.global_average_pool import GlobalAveragePool
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.floats.window_classifier import window_classifier
from tinygmp.graph.operators.limits import Limits, named_limits
from tinygmp.graph.operators.window import Window

RELU6 = named_limits("relu6")
NONE = named_limits("none")


class Chain:
    """Layers one after the other, reading square pictures of three channels."""

    def __init__(self, size: int, seed: int = 0, channels: int = 3) -> None:
        self.rng, self.inputs = np.random.default_rng(seed), {"pixels": (size, size, channels)}
        self.nodes = [FloatNode("input", PixelInput(), ("pixels",), ("input_out",))]

    def add(self, name: str, operator: Operator) -> "Chain":
        self.nodes.append(FloatNode(name, operator, (self.nodes[-1].writes[0],), (f"{name}_out",)))
        return self

    def layer(
        self,
        name: str,
        weights: np.ndarray,
        bias: np.ndarray,
        kernel: int = 1,
        stride: int = 1,
        padding: tuple[int, int, int, int] = (0, 0, 0, 0),
        limits: Limits = RELU6,
    ) -> "Chain":
        """Add a layer whose kind its name tells: 'dw' depthwise, 'fc' a mean and a matrix, others convolutions."""
        weights, bias = weights.astype(np.float32), bias.astype(np.float32)
        if name == "fc":
            return self.add("pool", GlobalAveragePool()).add("fc", FullyConnected(weights, bias))
        kind = DepthwiseConv2d if name.startswith("dw") else Conv2d
        window = Window((kernel, kernel), (stride, stride), padding=padding)
        return self.add(name, kind(weights, bias, limits, window))

    def graph(self) -> FloatGraph:
        return FloatGraph("random chain", self.inputs, tuple(self.nodes), self.nodes[-1].writes)


def sparse(
    rng: np.random.Generator, shape: tuple[int, ...], kept: float, deviation: float = 1.0
) -> np.ndarray:
    return (rng.normal(0, deviation, shape) * (rng.random(shape) < kept)).astype(np.float32)


def random_cell_graph(
    seed: int = 0,
    ranks: tuple[int, int] = (0, 0),
    hidden: int = 12,
    inputs: int = 3,
    classes: int = 3,
    kept: float = 0.5,
    deviation: float = 1.0,
    zeta: float = 0.8,
    nu: float = 0.05,
) -> FloatGraph:
    """Return a FastGRNN cell and its classifier, a share `kept` of their weights not zero."""
    rng = np.random.default_rng(seed)

    def factors(columns: int, rank: int) -> tuple[np.ndarray, ...]:
        shapes = [(rank, columns), (hidden, rank)] if rank else [(hidden, columns)]
        return tuple(sparse(rng, shape, kept, deviation) for shape in shapes)

    cell = FastGrnn(
        w=factors(inputs, ranks[0]),
        u=factors(hidden, ranks[1]),
        bias_gate=rng.normal(1, 0.3, hidden).astype(np.float32),
        bias_update=rng.normal(0, 0.3, hidden).astype(np.float32),
        zeta=zeta,
        nu=nu,
    )
    classifier = sparse(rng, (classes, hidden), kept, deviation)
    return window_classifier(cell, FullyConnected(classifier, rng.normal(0, 0.1, classes).astype(np.float32)))
