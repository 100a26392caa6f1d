"""Packed networks for images: a chain of int8 convolutions, a global average pool and a classifier."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from tinygmp.errors import ConfigError, RangeError
from tinygmp.packed.layers import expect_array, expect_range
from tinygmp.packed.model import C_IDENTIFIER
from tinygmp.quant.rounding_multiply import INT32_MAX, ROUNDINGS, quantize_multiplier
from tinygmp.sparse.tensor import PackedTensor

LARGEST_SIZE = 4096  # rows and columns of an image
LARGEST_MAP = 1 << 26  # bytes of one layer's output, so that a forged model cannot ask for all memory
REQUANTIZER_BYTES = 5  # in flash: multiplier 4, shift 1
SCALAR_BYTES = 10  # in code: input zero, output zero, two clamps, kernel, stride, four paddings
LARGEST_INPUT = 255  # |q - zero_point| of any int8 activation
RELU6_LIMIT = 6.0
ACTIVATIONS = ("none", "relu", "relu6")


@dataclass(frozen=True)
class Activation:
    """Meaning of an int8 activation: real = scale * (q - zero_point); the scale is a float32 number."""

    scale: float
    zero_point: int

    def __post_init__(self) -> None:
        expect_range("activation", "zero_point", self.zero_point, -128, 127)
        if not (self.scale > 0 and float(np.float32(self.scale)) == self.scale):
            raise RangeError(
                f"activation scale {self.scale}: must be a positive float32 number; calibrate again"
            )

    def real(self, q: np.ndarray) -> np.ndarray:
        """Return the float32 meaning of integers."""
        return (self.scale * (q.astype(np.float64) - self.zero_point)).astype(np.float32)

    def quantize(self, real: np.ndarray) -> np.ndarray:
        """Return int8 of real values, rounded half to even."""
        q = np.rint(np.asarray(real, np.float64) / self.scale) + self.zero_point
        return np.clip(q, -128, 127).astype(np.int8)


PIXELS = Activation(float(np.float32(1 / 127.5)), 0)  # what pixel - 128 means to most networks


@dataclass(frozen=True)
class ImageLinear:
    """An integer linear layer: q = clamp(zero_out + multiply(weights @ (x - zero_in) + bias)).

    weights: [outputs, kernel rows * kernel columns * inputs] in that order, [channels, rows * columns] when
    depthwise, [classes, inputs] when fully connected. weight_scales: float32 [outputs]; bias: int32 [outputs] in
    units of input.scale * weight scale. padding: top, bottom, left, right, filled with the input's zero point.
    rounding: how sums become outputs, one of ROUNDINGS (tinygmp/quant/rounding_multiply.py).
    """

    name: str
    weights: PackedTensor
    weight_scales: np.ndarray
    bias: np.ndarray
    input: Activation
    output: Activation
    activation: str  # one of ACTIVATIONS
    kernel: int = 1
    stride: int = 1
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    rounding: str = "fp32"

    def __post_init__(self) -> None:
        expect_array(self.name, "weight_scales", self.weight_scales, np.float32, (self.outputs,))
        expect_array(self.name, "bias", self.bias, np.int32, (self.outputs,))
        expect_range(self.name, "kernel", self.kernel, 1, 7)
        expect_range(self.name, "stride", self.stride, 1, 4)
        for side in self.padding:
            expect_range(self.name, "padding", side, 0, self.kernel - 1)
        if self.padding[0] + self.padding[1] != self.padding[2] + self.padding[3]:
            raise ConfigError(
                f"layer '{self.name}': padding {self.padding} gives other rows than columns; maps are square"
            )
        if self.weights.shape[1] % (self.kernel**2):
            raise ConfigError(
                f"layer '{self.name}': {self.weights.shape[1]} weight columns are no multiple of the kernel's "
                f"{self.kernel**2} positions"
            )
        if self.activation not in ACTIVATIONS:
            raise ConfigError(
                f"layer '{self.name}': activation '{self.activation}' is unknown; known: {', '.join(ACTIVATIONS)}"
            )
        if self.rounding not in ROUNDINGS:
            raise ConfigError(
                f"layer '{self.name}': rounding '{self.rounding}' is unknown; known: {', '.join(ROUNDINGS)}"
            )
        self.requantizers()

    @property
    def outputs(self) -> int:
        return self.weights.shape[0]

    @property
    def inputs(self) -> int:
        return self.weights.shape[1] // self.kernel**2

    @property
    def clamp(self) -> tuple[int, int]:
        """Smallest and largest int8 output."""
        if self.activation == "none":
            return -128, 127
        if self.activation == "relu":
            return self.output.zero_point, 127
        six = self.output.zero_point + round(RELU6_LIMIT / self.output.scale)
        return self.output.zero_point, min(127, six)

    def factors(self) -> np.ndarray:
        """Return float64 [outputs]: real factors from accumulator to output, as XNNPACK or TFLite computes them."""
        if self.rounding == "fp32":
            product = np.float32(self.input.scale) * self.weight_scales
            return (product / np.float32(self.output.scale)).astype(np.float64)
        return float(self.input.scale) * self.weight_scales.astype(np.float64) / float(self.output.scale)

    def requantizers(self) -> tuple[np.ndarray, np.ndarray]:
        """Return int64 multipliers [outputs] and shifts [outputs]; RangeError when a factor is 1 or more."""
        pairs = np.array([quantize_multiplier(float(factor)) for factor in self.factors()], np.int64)
        return pairs[:, 0], pairs[:, 1]

    @property
    def requantizer_count(self) -> int:
        """Number of multipliers and shifts in flash: one for each output channel."""
        return self.outputs

    @property
    def payload_bytes(self) -> int:
        """Weight streams, int32 biases, multipliers and shifts, and the scalars in the code."""
        requantizers = self.requantizer_count * REQUANTIZER_BYTES
        return self.weights.payload_bytes + self.bias.nbytes + requantizers + SCALAR_BYTES

    def rows_after(self, rows: int) -> int:
        """Return rows and columns of the output for an input of `rows` rows and columns."""
        return (rows + self.padding[0] + self.padding[1] - self.kernel) // self.stride + 1

    def largest_accumulator(self) -> int:
        """Return the largest magnitude that any int8 input can give, bias included."""
        rows = np.abs(self.weights.decode()).sum(axis=1, dtype=np.int64) * LARGEST_INPUT
        return int((rows + np.abs(self.bias.astype(np.int64))).max())


@dataclass(frozen=True)
class Conv2d(ImageLinear):
    """A convolution over all input channels."""


@dataclass(frozen=True)
class DepthwiseConv2d(ImageLinear):
    """A convolution of each channel by itself."""

    @property
    def inputs(self) -> int:
        return self.outputs


@dataclass(frozen=True)
class ImageClassifier(ImageLinear):
    """A fully connected layer with one weight scale for all classes, as TFLite's kernel takes it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if np.ptp(self.weight_scales) != 0:
            raise ConfigError(f"layer '{self.name}': a fully connected layer needs one scale for all classes")

    @property
    def requantizer_count(self) -> int:
        return 1

    def factors(self) -> np.ndarray:
        if self.rounding == "fp32":
            return super().factors()
        # TFLite multiplies the two scales in float32 here, unlike in its convolutions.
        product = np.float32(self.input.scale) * self.weight_scales
        return product.astype(np.float64) / float(self.output.scale)


@dataclass(frozen=True)
class GlobalAveragePool:
    """The mean over rows and columns, rounded half away from zero; scale and zero point stay."""

    name: str


ImageLayer = Conv2d | DepthwiseConv2d | GlobalAveragePool | ImageClassifier


@dataclass(frozen=True)
class PackedImageModel:
    """An image network as integers; pixels uint8 [rows, columns, channels] enter as q = pixel - 128.

    `size` is the number of rows and columns of the input. Raises ConfigError for another chain than convolutions,
    a pool, a classifier; RangeError when an accumulator could leave 32 bits.
    """

    name: str
    size: int
    channels: int
    layers: tuple[ImageLayer, ...]
    labels: tuple[str, ...]
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not C_IDENTIFIER.fullmatch(self.name):
            raise ConfigError(f"model name '{self.name}': use lower-case letters, digits and '_', at most 48")
        *body, pool, classifier = self.layers if len(self.layers) > 2 else (None, None, None)
        convolutions = all(isinstance(layer, (Conv2d, DepthwiseConv2d)) for layer in body)
        if not (
            convolutions and isinstance(pool, GlobalAveragePool) and isinstance(classifier, ImageClassifier)
        ):
            raise ConfigError(
                f"model '{self.name}': layers {[type(layer).__name__ for layer in self.layers]} are no known chain; "
                "use convolutions, then GlobalAveragePool, then ImageClassifier"
            )
        if classifier.outputs != len(self.labels):
            raise ConfigError(
                f"model '{self.name}': {classifier.outputs} classes, but {len(self.labels)} labels"
            )
        self.check_chain()

    def check_chain(self) -> None:
        """Raise when neighbouring layers differ in channels or scale, or a sum could leave 32 bits."""
        channels, linear = self.channels, self.linear()
        self.check_maps()
        for index, layer in enumerate(linear):
            if layer.inputs != channels:
                raise ConfigError(
                    f"layer '{layer.name}' takes {layer.inputs} channels, {channels} come from before it"
                )
            if index and layer.input != linear[index - 1].output:
                raise ConfigError(f"layer '{layer.name}': its input scale is not the output scale before it")
            if layer.rounding != self.rounding:
                raise ConfigError(
                    f"layer '{layer.name}' rounds as '{layer.rounding}', others as '{self.rounding}'; use one"
                )
            if layer.largest_accumulator() > INT32_MAX:
                raise RangeError(
                    f"layer '{layer.name}': the accumulator can reach {layer.largest_accumulator()}, the limit is "
                    f"{INT32_MAX}; use a larger weight scale"
                )
            channels = layer.outputs

    def check_maps(self) -> None:
        """Raise when a map vanishes or grows beyond all use, or two layers share a name."""
        expect_range(self.name, "size", self.size, 1, LARGEST_SIZE)
        expect_range(self.name, "channels", self.channels, 1, LARGEST_SIZE)
        names = [layer.name for layer in self.layers]
        if len(set(names)) < len(names):
            raise ConfigError(f"model '{self.name}': two layers share a name; names are {names[:40]}")
        for layer, rows in self.maps():
            if rows < 1 or rows * rows * layer.outputs > LARGEST_MAP:
                raise ConfigError(
                    f"layer '{layer.name}': its output has {rows} x {rows} x {layer.outputs} values, the limits are "
                    f"1 and {LARGEST_MAP}; use another image size"
                )

    def maps(self) -> Iterator[tuple[ImageLinear, int]]:
        """Yield each layer with weights and its output's number of rows, which is that of columns."""
        rows = self.size
        for layer in self.layers:
            rows = 1 if isinstance(layer, GlobalAveragePool) else layer.rows_after(rows)
            if isinstance(layer, ImageLinear):
                yield layer, rows

    def linear(self) -> tuple[ImageLinear, ...]:
        """Return the layers that hold weights."""
        return tuple(layer for layer in self.layers if isinstance(layer, ImageLinear))

    @property
    def rounding(self) -> str:
        """How every layer's sums become outputs, one of ROUNDINGS."""
        return self.linear()[0].rounding

    @property
    def weight_count(self) -> int:
        return sum(layer.weights.size for layer in self.linear())

    @property
    def nnz(self) -> int:
        return sum(layer.weights.nnz for layer in self.linear())

    @property
    def payload_bytes(self) -> int:
        """Bytes in flash, as the byte ledger tells them row by row."""
        return sum(layer.payload_bytes for layer in self.linear())

    @property
    def synthetic(self) -> bool:
        """True when any part of the training data was synthetic."""
        return self.provenance.get("synthetic", "no") == "yes"

    def tensors(self) -> tuple[PackedTensor, ...]:
        """Return every packed weight tensor, in the order of execution."""
        return tuple(layer.weights for layer in self.linear())
