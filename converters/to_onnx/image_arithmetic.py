"""Three ways to compute an image network in ONNX: real numbers, runtime int8, and the reference's own integers."""

from typing import Protocol

import numpy as np

from converters.to_onnx.graph import Graph, TensorProto
from tinygmp.packed.image_model import (
    RELU6_LIMIT,
    Activation,
    DepthwiseConv2d,
    ImageClassifier,
    ImageLinear,
)

EXACT_FLOAT32 = 1 << 24  # integers below it, and sums of them, are exact in float32


class ImageArithmetic(Protocol):
    """Appends the nodes of an image network to a graph; maps are [batch, channels, rows, columns]."""

    def start(self, graph: Graph, pixels: str, activation: Activation) -> str:
        """Return the first map of uint8 pixels."""
        ...

    def linear(self, graph: Graph, layer: ImageLinear, x: str) -> str: ...

    def pool(self, graph: Graph, x: str, positions: int) -> str:
        """Return the mean over all positions, [batch, channels, 1, 1]."""
        ...

    def finish(self, graph: Graph, x: str, activation: Activation) -> None:
        """Name the real logits 'logits'."""
        ...


def conv_weights(layer: ImageLinear, weights: np.ndarray) -> np.ndarray:
    """Return weights in ONNX's layout [outputs, inputs of a group, rows, columns], or [inputs, classes]."""
    if isinstance(layer, ImageClassifier):
        return np.ascontiguousarray(weights.T)
    inputs = 1 if isinstance(layer, DepthwiseConv2d) else layer.inputs
    shaped = weights.reshape(layer.outputs, layer.kernel, layer.kernel, inputs)
    return np.ascontiguousarray(shaped.transpose(0, 3, 1, 2))


def conv(graph: Graph, layer: ImageLinear, *inputs: str) -> str:
    """Append a convolution."""
    top, bottom, left, right = layer.padding
    return graph.op(
        "Conv",
        *inputs,
        group=layer.outputs if isinstance(layer, DepthwiseConv2d) else 1,
        kernel_shape=[layer.kernel] * 2,
        strides=[layer.stride] * 2,
        pads=[top, left, bottom, right],
    )


def apply(graph: Graph, layer: ImageLinear, x: str, weights: str, bias: str) -> str:
    """Append a convolution or the classifier's matrix product, with a bias."""
    if isinstance(layer, ImageClassifier):
        return graph.op("Gemm", x, weights, bias)
    return conv(graph, layer, x, weights, bias)


def activate(graph: Graph, layer: ImageLinear, x: str) -> str:
    """Append the layer's activation in real numbers."""
    if layer.activation == "none":
        return x
    if layer.activation == "relu":
        return graph.op("Relu", x)
    zero = graph.constant("zero", 0.0, np.float32)
    return graph.op("Clip", x, zero, graph.constant("six", RELU6_LIMIT, np.float32))


class FloatImages:
    """Weights and biases of the packed model; activations are not rounded."""

    def start(self, graph: Graph, pixels: str, activation: Activation) -> str:
        zero = graph.constant("pixel.zero", 128.0 + activation.zero_point, np.float32)
        centred = graph.op("Sub", graph.op("Cast", pixels, to=TensorProto.FLOAT), zero)
        return graph.op("Mul", centred, graph.constant("pixel.scale", activation.scale, np.float32))

    def linear(self, graph: Graph, layer: ImageLinear, x: str) -> str:
        real = (layer.weights.decode() * layer.weight_scales[:, None]).astype(np.float32)
        bias = (layer.bias * (np.float32(layer.input.scale) * layer.weight_scales)).astype(np.float32)
        weights = graph.constant(f"{layer.name}.weights", conv_weights(layer, real))
        return activate(
            graph, layer, apply(graph, layer, x, weights, graph.constant(f"{layer.name}.bias", bias))
        )

    def pool(self, graph: Graph, x: str, positions: int) -> str:
        return graph.op("GlobalAveragePool", x)

    def finish(self, graph: Graph, x: str, activation: Activation) -> None:
        graph.op("Identity", x, output="logits")


class QdqImages(FloatImages):
    """QuantizeLinear and DequantizeLinear with the packed scales around float operators, which runtimes fuse to int8.

    `last` is the scale of the current map.
    """

    def __init__(self) -> None:
        self.last = Activation(1.0, 0)

    def start(self, graph: Graph, pixels: str, activation: Activation) -> str:
        return self.rounded(graph, super().start(graph, pixels, activation), activation)

    def rounded(self, graph: Graph, x: str, activation: Activation) -> str:
        scale = graph.constant(f"scale.{activation.scale!r}", activation.scale, np.float32)
        zero = graph.constant(f"zero.{activation.zero_point}", activation.zero_point, np.int8)
        return graph.op("DequantizeLinear", graph.op("QuantizeLinear", x, scale, zero), scale, zero)

    def linear(self, graph: Graph, layer: ImageLinear, x: str) -> str:
        classifier = isinstance(layer, ImageClassifier)
        scales = layer.weight_scales[0] if classifier else layer.weight_scales
        weights = self.dequantized(
            graph, f"{layer.name}.weights", conv_weights(layer, layer.weights.decode()), scales, classifier
        )
        bias_scales = (np.float32(layer.input.scale) * scales).astype(np.float32)
        bias = self.dequantized(graph, f"{layer.name}.bias", layer.bias, bias_scales, classifier)
        x = apply(graph, layer, x, weights, bias)
        # Where the int8 range ends there anyway, quantising alone clips, and the runtime can fuse.
        if layer.clamp != (-128, 127):
            x = activate(graph, layer, x)
        self.last = layer.output
        return self.rounded(graph, x, layer.output)

    def dequantized(self, graph: Graph, name: str, q: np.ndarray, scales: np.ndarray, whole: bool) -> str:
        stored = graph.constant(name, q)
        zeros = graph.constant(f"{name}.zero", np.zeros(np.shape(scales), q.dtype))
        scale = graph.constant(f"{name}.scale", scales, np.float32)
        if whole:
            return graph.op("DequantizeLinear", stored, scale, zeros)
        return graph.op("DequantizeLinear", stored, scale, zeros, axis=0)

    def pool(self, graph: Graph, x: str, positions: int) -> str:
        pooled = super().pool(graph, x, positions)
        return self.rounded(graph, pooled, self.last)


def shape_of(layer: ImageLinear) -> tuple[int, ...]:
    """Return the shape in which numbers of each output stand beside a map, or beside logits."""
    return (1, -1) if isinstance(layer, ImageClassifier) else (1, -1, 1, 1)


class ExactImages:
    """Integer arithmetic around float32 convolutions of integers, split so that every sum stays exact."""

    def start(self, graph: Graph, pixels: str, activation: Activation) -> str:
        return graph.op("Sub", graph.op("Cast", pixels, to=TensorProto.INT64), graph.integer(128))

    def linear(self, graph: Graph, layer: ImageLinear, x: str) -> str:
        centred = graph.op("Sub", x, graph.integer(layer.input.zero_point))
        sums = self.sums(graph, layer, graph.op("Cast", centred, to=TensorProto.FLOAT))
        sums = graph.op("Add", sums, self.channels(graph, layer, "bias", layer.bias))
        product = self.float32_product if layer.rounding == "fp32" else self.gemmlowp_product
        scaled = product(graph, layer, sums)
        low, high_limit = layer.clamp
        moved = graph.op("Add", scaled, graph.integer(layer.output.zero_point))
        return graph.op("Clip", moved, graph.integer(low), graph.integer(high_limit))

    def float32_product(self, graph: Graph, layer: ImageLinear, sums: str) -> str:
        """Append the float32 product of sums and factors, rounded half to even as ONNX's Round does."""
        multipliers, shifts = layer.requantizers()
        factors = np.ldexp(multipliers.astype(np.float32), shifts - 31).reshape(shape_of(layer))
        real = graph.op("Cast", sums, to=TensorProto.FLOAT)
        product = graph.op("Mul", real, graph.constant(f"{layer.name}.factor", factors))
        return graph.op("Cast", graph.op("Round", product), to=TensorProto.INT64)

    def gemmlowp_product(self, graph: Graph, layer: ImageLinear, sums: str) -> str:
        """Append the product rounded twice, or once in the classifier."""
        multipliers, shifts = layer.requantizers()
        product = graph.op("Mul", sums, self.channels(graph, layer, "multiplier", multipliers))
        if isinstance(layer, ImageClassifier):
            unit = np.int64(1) << (31 - shifts)
            product = graph.op("Add", product, self.channels(graph, layer, "half", unit >> 1))
            return floor_divide(graph, product, self.channels(graph, layer, "unit", unit))
        unit = np.int64(1) << -shifts
        product = graph.op("Add", product, graph.integer(1 << 30))
        high = floor_divide(graph, product, graph.integer(1 << 31))
        # Halves go away from zero: a negative number is one less before half the unit is added.
        negative = graph.op("Cast", graph.op("Less", high, graph.integer(0)), to=TensorProto.INT64)
        less = graph.op("Mul", negative, self.channels(graph, layer, "shifted", unit > 1))
        half = self.channels(graph, layer, "half", unit >> 1)
        nudged = graph.op("Add", graph.op("Sub", high, less), half)
        return floor_divide(graph, nudged, self.channels(graph, layer, "unit", unit))

    def channels(self, graph: Graph, layer: ImageLinear, what: str, values: np.ndarray) -> str:
        return graph.constant(f"{layer.name}.{what}", values.astype(np.int64).reshape(shape_of(layer)))

    def sums(self, graph: Graph, layer: ImageLinear, x: str) -> str:
        """Append the sums of weights and inputs as int64; several partial ones where float32 would round."""
        q = layer.weights.decode()
        rows = np.abs(q).sum(axis=1, dtype=np.int64).max() * 255
        parts = int(rows // EXACT_FLOAT32) + 1
        group = np.arange(q.shape[1]) % parts
        total = ""
        for part in range(parts):
            chosen = conv_weights(layer, np.where(group == part, q, 0).astype(np.int8))
            name = f"{layer.name}.weights" + (f".{part}" if parts > 1 else "")
            weights = graph.op("Cast", graph.constant(name, chosen), to=TensorProto.FLOAT)
            classifier = isinstance(layer, ImageClassifier)
            one = graph.op("MatMul", x, weights) if classifier else conv(graph, layer, x, weights)
            one = graph.op("Cast", one, to=TensorProto.INT64)
            total = graph.op("Add", total, one) if total else one
        return total

    def pool(self, graph: Graph, x: str, positions: int) -> str:
        axes = graph.constant("pool.axes", [2, 3], np.int64)
        total = graph.op("ReduceSum", x, axes, keepdims=1)
        size = graph.op("Add", graph.op("Abs", total), graph.integer(positions // 2))
        mean = graph.op("Div", size, graph.integer(positions))
        return graph.op("Mul", mean, graph.op("Sign", total))

    def finish(self, graph: Graph, x: str, activation: Activation) -> None:
        centred = graph.op("Sub", x, graph.integer(activation.zero_point))
        real = graph.op("Cast", centred, to=TensorProto.FLOAT)
        graph.op("Mul", real, graph.constant("logits.scale", activation.scale, np.float32), output="logits")


def floor_divide(graph: Graph, numerator: str, unit: str) -> str:
    """Append int64 division that rounds toward minus infinity; ONNX's Div rounds toward zero."""
    remainder = graph.op("Mod", numerator, unit)  # of the unit's sign, so never negative
    return graph.op("Div", graph.op("Sub", numerator, remainder), unit)
