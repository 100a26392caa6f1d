"""Random but valid graphs of every operator, with branches, several inputs and outputs: for proofs of parity."""

from collections.abc import Callable

import numpy as np

from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.base import Operator
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.limits import NAMES, NO_LIMITS, Limits
from tinygmp.graph.operators.pad import Pad
from tinygmp.graph.operators.pixel_input import PixelInput
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.graph.operators.reshape import Reshape
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.operators.softmax import SCALE, ZERO_POINT, Softmax
from tinygmp.graph.operators.window import Window, same_padding
from tinygmp.graph.random_weights import random_provenance, random_sensor, random_weights
from tinygmp.graph.values import Value
from tinygmp.quant.rounding_multiply import ROUNDINGS
from tinygmp.sparse import encode

INDEX_FORMATS = ("dense", "bitmask", "rice", "csr8", "csr16")  # those that every kernel of maps reads
MOST_ELEMENTS = 1500  # of a map, so that simulated cores stay quick
LARGEST_CSR8_COLUMNS = 256


def random_graph(seed: int, layers: int = 8, elements: int = MOST_ELEMENTS) -> PackedModel:
    """Return a graph of about `layers` random operators; everything follows from the seed.

    One or two inputs (pixels, counts or int8), maps from one pixel up, rectangular, channels of any number, both
    roundings, all activations, one to three outputs, the first a vector of logits.
    """
    return RandomGraph(seed, elements).build(layers)


def random_inputs(model: PackedModel, batch: int, seed: int = 0) -> list[np.ndarray]:
    """Return one array an input over the whole range of its type, [batch, *shape], with one step where recurrent."""
    rng, arrays = np.random.default_rng(seed), []
    for name in model.inputs:
        value = model.values[name]
        arrays.append(random_values(rng, value, (batch, *((model.steps,) if model.recurrent else ()))))
    return arrays


def random_values(rng: np.random.Generator, value: Value, leading: tuple[int, ...]) -> np.ndarray:
    """Return integers [*leading, *shape] over the whole range of a value's type, counts within that of a sensor."""
    low, high = (-9000, 9000) if value.dtype == "int16" else value.limits
    return rng.integers(low, high + 1, (*leading, *value.shape)).astype(value.dtype)


class RandomGraph:
    """A graph under construction."""

    def __init__(self, seed: int, elements: int) -> None:
        self.seed, self.elements = seed, elements
        self.rng = np.random.default_rng([seed, 7])
        self.rounding = ROUNDINGS[int(self.rng.integers(len(ROUNDINGS)))]
        self.values: dict[str, Value] = {}
        self.nodes: list[Node] = []
        self.inputs: list[str] = []
        self.maps: list[Value] = []  # int8 values that later layers may read

    def build(self, layers: int) -> PackedModel:
        for _ in range(1 + int(self.rng.random() < 0.35)):
            self.add_input()
        for _ in range(layers):
            steps = self.steps()
            steps[int(self.rng.integers(len(steps)))]()
        return self.finished([self.classify(), *self.further_outputs()])

    def finished(self, outputs: list[str], labelled: bool = True) -> PackedModel:
        classes = self.values[outputs[0]].size if labelled else 0
        return PackedModel(
            f"graph{self.seed}",
            values=self.values,
            inputs=tuple(self.inputs),
            nodes=tuple(self.nodes),
            outputs=tuple(outputs),
            labels=tuple(f"class{index}" for index in range(classes)),
            provenance=random_provenance(self.seed),
        )

    def steps(self) -> list[Callable[[], None]]:
        """Return the kinds of layers to draw from, convolutions more often than others."""
        return [
            *(self.convolve, self.convolve, self.pointwise, self.pointwise, self.depthwise, self.depthwise),
            *(self.add_two, self.add_two, self.concatenate, self.max_pool, self.average_pool),
            *(self.pad, self.reshape, self.global_pool, self.fully_connect),
        ]

    def add_input(self) -> None:
        """Add an input of a random type, and the node that makes int8 of it."""
        name, kind = f"in{len(self.inputs)}", int(self.rng.integers(3))
        shape = self.input_shape()
        self.inputs.append(name)
        if kind == 0:
            self.values[name] = Value(name, shape, "int8", self.scale(), int(self.rng.integers(-20, 20)))
            self.maps.append(self.values[name])
            return
        dtype, operator = (
            ("uint8", PixelInput()) if kind == 1 else ("int16", random_sensor(self.rng, shape[-1]))
        )
        self.values[name] = Value(name, shape, dtype)
        zero = 0 if isinstance(operator, SensorInput) else int(self.rng.integers(-5, 6))
        self.write(operator, [self.values[name]], shape, self.scale(), zero)

    def input_shape(self) -> tuple[int, ...]:
        channels = int(self.rng.integers(1, 9))
        rows, columns = (int(self.rng.integers(1, 15)) for _ in range(2))
        if self.rng.random() < 0.25:
            rows = 1  # a series
        return rows, columns, channels

    def scale(self) -> float:
        return float(np.float32(self.rng.uniform(0.01, 0.05)))

    def pick(self) -> Value:
        """Return a value to read, newer ones more often."""
        back = min(int(self.rng.geometric(0.5)), len(self.maps))
        return self.maps[-back]

    def pick_map(self) -> Value:
        """Return a value with rows and columns."""
        maps = [value for value in self.maps if len(value.shape) == 3]
        return maps[-min(int(self.rng.geometric(0.5)), len(maps))]

    def limits(self) -> Limits:
        choices = [*(Limits(*bounds) for bounds in NAMES.values()), Limits(-0.5, 2.5)]
        return choices[int(self.rng.integers(len(choices)))]

    def write(
        self, operator: Operator, reads: list[Value], shape: tuple[int, ...], scale: float, zero: int
    ) -> Value:
        name = f"n{len(self.nodes)}"
        value = Value(f"{name}_out", shape, "int8", scale, zero)
        self.nodes.append(Node(name, operator, tuple(each.name for each in reads), (value.name,)))
        self.values[value.name] = value
        self.maps.append(value)
        return value

    def window(self, read: Value, largest: int) -> Window:
        """Return a window that fits the map, with padding none, like TensorFlow's SAME, or any."""
        rows, columns, _ = read.map_shape
        kernel = (int(self.rng.integers(1, largest + 1)), int(self.rng.integers(1, largest + 1)))
        stride = (int(self.rng.integers(1, 4)), int(self.rng.integers(1, 4)))
        dilation = (int(self.rng.integers(1, 3)), int(self.rng.integers(1, 3)))
        if self.rng.random() < 0.6:
            dilation = (1, 1)
        sides = same_padding(rows, columns, kernel, stride, dilation)
        extent = Window(kernel, dilation=dilation).extent
        if self.rng.random() < 0.4 and extent[0] <= rows and extent[1] <= columns:
            sides = (0, 0, 0, 0)
        return Window(kernel, stride, dilation, sides)

    def fields(self, columns: int, outputs: int, read: Value, written: float) -> dict:
        """Return weights, scales and biases that spread sums over the int8 range of a scale."""
        kept = float(self.rng.choice([1.0, 0.6, 0.2]))
        q = random_weights(self.rng, outputs, columns, kept)
        formats = [each for each in INDEX_FORMATS if each != "csr8" or columns <= LARGEST_CSR8_COLUMNS]
        index = "dense" if kept == 1.0 else formats[int(self.rng.integers(len(formats)))]
        spread = 73 * 73 * np.sqrt(max(1.0, columns * kept))
        scales = 60 * written / (read.scale * spread) * self.rng.uniform(0.7, 1.4, outputs)
        bias = self.rng.normal(0, 0.5, outputs) * spread
        return {
            "weights": encode(f"n{len(self.nodes)}.weights", q, 1.0, index),
            "weight_scales": scales.astype(np.float32),
            "bias": bias.astype(np.int32),
            "limits": self.limits(),
            "rounding": self.rounding,
        }

    def convolve(self) -> None:
        read, written = self.pick_map(), self.scale()
        window = self.window(read, 4)
        rows, columns = window.output(*read.map_shape[:2])
        outputs = int(self.rng.integers(1, 1 + max(1, min(12, self.elements // (rows * columns)))))
        fields = self.fields(window.taps * read.channels, outputs, read, written)
        self.write(Conv2d(**fields, window=window), [read], (rows, columns, outputs), written, self.zero())

    def pointwise(self) -> None:
        read, written = self.pick_map(), self.scale()
        outputs = int(self.rng.integers(1, 1 + max(1, min(16, self.elements // read.positions))))
        fields = self.fields(read.channels, outputs, read, written)
        self.write(Conv2d(**fields), [read], (*read.map_shape[:2], outputs), written, self.zero())

    def depthwise(self) -> None:
        read, written = self.pick_map(), self.scale()
        window = self.window(read, 5)
        if self.rng.random() < 0.5:
            rows, columns, _ = read.map_shape
            stride = int(self.rng.integers(1, 3))
            window = Window(
                (3, 3), (stride, stride), padding=same_padding(rows, columns, (3, 3), (stride, stride))
            )
        rows, columns = window.output(*read.map_shape[:2])
        most = max(1, min(3, self.elements // (rows * columns * read.channels)))
        multiplier = int(self.rng.integers(1, 1 + most)) if self.rng.random() < 0.4 else 1
        outputs = read.channels * multiplier
        fields = self.fields(window.taps, outputs, read, written)
        operator = DepthwiseConv2d(**fields, window=window, multiplier=multiplier)
        self.write(operator, [read], (rows, columns, outputs), written, self.zero())

    def fully_connect(self) -> None:
        read = self.pick()
        self.full(read, int(self.rng.integers(1, 20)), self.limits())

    def full(self, read: Value, outputs: int, limits: Limits) -> Value:
        written = self.scale()
        fields = self.fields(read.size, outputs, read, written) | {"limits": limits}
        if self.has_one_scale():
            fields["weight_scales"] = np.full_like(fields["weight_scales"], fields["weight_scales"][0])
        return self.write(FullyConnected(**fields), [read], (outputs,), written, self.zero())

    def has_one_scale(self) -> bool:
        """Return whether the next matrix has one scale for all outputs."""
        return True

    def zero(self) -> int:
        return int(self.rng.integers(-100, 20))

    def add_two(self) -> None:
        """Add two values of one shape; where there is no second, a value to itself."""
        first = self.pick()
        same = [value for value in self.maps if value.shape == first.shape]
        second = same[int(self.rng.integers(len(same)))]
        self.write(Add(self.limits()), [first, second], first.shape, self.scale(), self.zero())

    def concatenate(self) -> None:
        """Join two or three values of one meaning: a value, itself clamped by a pool of one position, itself."""
        read = self.pick_map()
        if 3 * read.size > self.elements:
            return
        pooled = self.write(
            MaxPool(limits=self.limits()), [read], read.map_shape, read.scale, read.zero_point
        )
        reads = [read, pooled, read][: int(self.rng.integers(2, 4))]
        axis = -int(self.rng.integers(1, 4))
        shape = list(read.map_shape)
        shape[axis] *= len(reads)
        self.write(Concatenate(axis), reads, tuple(shape), read.scale, read.zero_point)

    def pool(self, kind: type[MaxPool] | type[AveragePool]) -> None:
        read = self.pick_map()
        window = self.window(read, 3)
        window = Window(
            window.kernel,
            window.stride,
            padding=same_padding(*read.map_shape[:2], window.kernel, window.stride),
        )
        shape = (*window.output(*read.map_shape[:2]), read.channels)
        self.write(kind(window, self.limits()), [read], shape, read.scale, read.zero_point)

    def max_pool(self) -> None:
        self.pool(MaxPool)

    def average_pool(self) -> None:
        self.pool(AveragePool)

    def global_pool(self) -> None:
        read = self.pick_map()
        shape = (1, 1, read.channels) if self.rng.random() < 0.5 else (read.channels,)
        if self.rng.random() < 0.5:
            self.write(GlobalAveragePool(self.rounding), [read], shape, self.scale(), self.zero())
        else:
            self.write(GlobalAveragePool(), [read], shape, read.scale, read.zero_point)

    def pad(self) -> None:
        read = self.pick_map()
        top, bottom, left, right = (int(side) for side in self.rng.integers(0, 3, 4))
        rows, columns, channels = read.map_shape
        shape = (rows + top + bottom, columns + left + right, channels)
        if np.prod(shape) <= self.elements:
            self.write(Pad((top, bottom, left, right)), [read], shape, read.scale, read.zero_point)

    def reshape(self) -> None:
        read = self.pick_map()
        rows, columns, channels = read.map_shape
        shape = ((columns, rows, channels), (1, rows, columns * channels), (read.size,))[
            int(self.rng.integers(3))
        ]
        self.write(Reshape(), [read], shape, read.scale, read.zero_point)

    def classify(self) -> str:
        return self.full(self.maps[-1], int(self.rng.integers(2, 12)), NO_LIMITS).name

    def further_outputs(self) -> list[str]:
        """Return up to two more outputs: a softmax of the logits, and any value on the way."""
        found, logits = [], self.maps[-1]
        if self.rng.random() < 0.4:
            found.append(self.write(Softmax(), [logits], logits.shape, SCALE, ZERO_POINT).name)
        written = {name for node in self.nodes for name in node.writes}
        other = self.pick()
        if self.rng.random() < 0.4 and other.name in written and other.name not in found:
            found.append(other.name)
        return [name for name in found if name != logits.name]
