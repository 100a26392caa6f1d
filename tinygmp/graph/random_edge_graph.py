"""Random graphs at the edges of what each operator takes: for proofs of parity, beside the ordinary ones."""

from collections.abc import Callable, Sequence

import numpy as np

from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.graph.operators.conv2d import Conv2d
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.pad import Pad
from tinygmp.graph.operators.pool import AveragePool, MaxPool
from tinygmp.graph.operators.softmax import SCALE, ZERO_POINT, Softmax
from tinygmp.graph.operators.window import Window, same_padding
from tinygmp.graph.random_formats import stored
from tinygmp.graph.random_graph import (
    INDEX_FORMATS,
    LARGEST_CSR8_COLUMNS,
    MOST_ELEMENTS,
    RandomGraph,
    random_inputs,
)
from tinygmp.graph.random_weights import random_weights
from tinygmp.graph.values import Value
from tinygmp.sparse import encode

Formats = Sequence[tuple[str, str]]  # index and value format of weights
KERNEL_FORMATS: Formats = tuple((index, "int8") for index in INDEX_FORMATS)
LARGEST_INPUT_DEVIATION = 73  # of uniform int8
CLAMPS = (Limits(-0.5), Limits(high=2.0), Limits(0.0, 0.3), Limits(-3.0, -0.1))


def random_edge_graph(
    seed: int, layers: int = 8, elements: int = MOST_ELEMENTS, formats: Formats = KERNEL_FORMATS
) -> PackedModel:
    """Return a graph of about `layers` operators that are hard on arithmetic and shapes; all follows from the seed.

    Scales 250 apart, zero points over int8, factors up to 256, any padding, clamps of one side, weights of no or every
    survivor in one of `formats`, matrices with one scale or one for each output, vectors where maps are read, inputs
    that come late, parts of different sizes joined; some answer with int32 sums, some have no classes. `elements`
    bounds every map, inputs too.
    """
    return EdgeGraph(seed, elements, formats).build(layers)


def edge_inputs(model: PackedModel, seed: int) -> list[np.ndarray]:
    """Return four runs, one array an input: as usual, over the whole range of the type, and at both of its ends."""
    rng, arrays = np.random.default_rng([seed, 5]), []
    for name, usual in zip(model.inputs, random_inputs(model, 1, seed), strict=True):
        low, high = model.values[name].limits
        wild = rng.integers(low, high + 1, usual.shape).astype(usual.dtype)
        arrays.append(np.concatenate([usual, wild, np.full_like(usual, low), np.full_like(usual, high)]))
    return arrays


class EdgeGraph(RandomGraph):
    """A graph under construction; what is not here is as in ordinary random graphs."""

    def __init__(self, seed: int, elements: int, formats: Formats) -> None:
        super().__init__(seed, elements)
        self.rng = np.random.default_rng([seed, 11])
        self.formats = formats
        self.labelled = bool(self.rng.random() < 0.85)

    def build(self, layers: int) -> PackedModel:
        self.add_input()
        for _ in range(layers):
            steps = self.steps()
            steps[int(self.rng.integers(len(steps)))]()
        return self.finished(list(dict.fromkeys([self.answer(), *self.further_outputs()])), self.labelled)

    def steps(self) -> list[Callable[[], None]]:
        return [*super().steps(), self.add_input, self.concatenate, self.pad, self.strided]

    def add_input(self) -> None:
        """Add an input, at most three, late ones too."""
        if len(self.inputs) < 3:
            super().add_input()

    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of a map within the elements, or of a vector."""
        if self.rng.random() < 0.2:
            return (int(self.rng.integers(1, min(40, self.elements) + 1)),)
        shape = super().input_shape()
        while np.prod(shape) > self.elements:
            shape = tuple(-(-side // 2) for side in shape)
        return shape

    def scale(self) -> float:
        if self.rng.random() < 0.7:
            return super().scale()
        return float(np.float32(np.exp(self.rng.uniform(np.log(0.002), np.log(0.49)))))

    def zero(self) -> int:
        if self.rng.random() < 0.1:
            return int(self.rng.choice([-128, 127]))
        return int(self.rng.integers(-128, 128)) if self.rng.random() < 0.3 else super().zero()

    def limits(self) -> Limits:
        return CLAMPS[int(self.rng.integers(len(CLAMPS)))] if self.rng.random() < 0.3 else super().limits()

    def pick_map(self) -> Value:
        """Return any value: operators of maps read a vector as one position."""
        only_vectors = all(len(value.shape) == 1 for value in self.maps)
        return self.pick() if only_vectors or self.rng.random() < 0.3 else super().pick_map()

    def window(self, read: Value, largest: int) -> Window:
        """Return a window with any padding that the operators take, or an ordinary one."""
        window = super().window(read, largest)
        if self.rng.random() < 0.5:
            return window
        extent = window.extent
        sides = [int(self.rng.integers(extent[index // 2])) for index in range(4)]
        for index, size in enumerate(read.map_shape[:2]):  # a kernel larger than the map needs its border
            lacks = extent[index] - size - sides[2 * index] - sides[2 * index + 1]
            if lacks > 0:
                more = min(lacks, extent[index] - 1 - sides[2 * index])
                sides[2 * index] += more
                sides[2 * index + 1] += lacks - more
        top, bottom, left, right = sides
        return self.bounded(
            read, Window(window.kernel, window.stride, window.dilation, (top, bottom, left, right))
        )

    def bounded(self, read: Value, window: Window) -> Window:
        """Return the window, with longer steps where its output would be too large."""
        rows, columns = window.output(*read.map_shape[:2])
        if rows * columns * read.channels <= self.elements:
            return window
        return Window(window.kernel, (rows, columns), window.dilation, window.padding)

    def fields(self, columns: int, outputs: int, read: Value, written: float) -> dict:
        """Return weights of any share of survivors in one of the formats; one in five has factors of 1/4 up to 256."""
        q = random_weights(self.rng, outputs, columns, float(self.rng.choice([0.0, 0.05, 0.3, 0.7, 1.0])))
        large = self.rng.random() < 0.2
        if large:
            q = np.sign(q) * self.rng.integers(1, 3, q.shape).astype(np.int8)
        index, value = self.format_of(columns)
        tensor = encode(f"n{len(self.nodes)}.weights", q.astype(np.int8), 1.0, "dense")
        tensor = tensor if index == "dense" and value == "int8" else stored(tensor, index, value)
        power = float((tensor.decode().astype(np.float64) ** 2).sum(axis=1).mean())
        spread = LARGEST_INPUT_DEVIATION * np.sqrt(max(1.0, power))
        factors = (
            2.0 ** self.rng.uniform(-2, 7.99, outputs)
            if large
            else 60 / spread * self.rng.uniform(0.7, 1.4, outputs)
        )
        bias = self.rng.normal(0, 50, outputs) / factors
        return {
            "weights": tensor,
            "weight_scales": (factors * written / read.scale).astype(np.float32),
            "bias": bias.astype(np.int32),
            "limits": self.limits(),
            "rounding": self.rounding,
        }

    def has_one_scale(self) -> bool:
        return bool(self.rng.random() < 0.5)

    def format_of(self, columns: int) -> tuple[str, str]:
        """Return a format that can hold rows of so many columns."""
        able = [
            (index, value)
            for index, value in self.formats
            if (index != "csr8" or columns <= LARGEST_CSR8_COLUMNS)
            and columns % (8 if "of" in index or "block" in index else 1) == 0
        ]
        return able[int(self.rng.integers(len(able)))] if able else ("dense", "int8")

    def strided(self) -> None:
        """Add a convolution of 1 x 1 that leaves positions out."""
        read, written = self.pick_map(), self.scale()
        window = Window(stride=(int(self.rng.integers(1, 4)), int(self.rng.integers(2, 4))))
        rows, columns = window.output(*read.map_shape[:2])
        outputs = int(self.rng.integers(1, 1 + max(1, min(9, self.elements // (rows * columns)))))
        fields = self.fields(read.channels, outputs, read, written)
        self.write(Conv2d(**fields, window=window), [read], (rows, columns, outputs), written, self.zero())

    def pool(self, kind: type[MaxPool] | type[AveragePool]) -> None:
        """Add a pool, half of them padded as SAME, which is all that TFLite averages with."""
        read = self.pick_map()
        window = self.window(read, 4)
        sides = window.padding
        if self.rng.random() < 0.5 or window.dilation != (1, 1):
            sides = same_padding(*read.map_shape[:2], window.kernel, window.stride)
        window = self.bounded(read, Window(window.kernel, window.stride, padding=sides))
        if min(window.output(*read.map_shape[:2])) < 1:
            return
        shape = (*window.output(*read.map_shape[:2]), read.channels)
        self.write(kind(window, self.limits()), [read], shape, read.scale, read.zero_point)

    def concatenate(self) -> None:
        """Join one to five parts of one meaning and of different sizes along an axis."""
        read = self.pick()
        axis = -int(self.rng.integers(1, 1 + len(read.shape)))
        longer = [read, self.padded(read, axis)] if axis < -1 else [read]
        parts = [longer[int(self.rng.integers(len(longer)))] for _ in range(int(self.rng.integers(1, 6)))]
        shape = list(read.shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        if np.prod(shape) <= self.elements:
            self.write(Concatenate(axis), parts, tuple(shape), read.scale, read.zero_point)

    def padded(self, read: Value, axis: int) -> Value:
        """Return a value that is longer along rows or columns."""
        sides = [0, 0, 0, 0]
        sides[0 if axis == -3 else 3] = 1
        rows, columns, channels = read.map_shape
        shape = (rows + sides[0], columns + sides[3], channels)
        top, bottom, left, right = sides
        return self.write(Pad((top, bottom, left, right)), [read], shape, read.scale, read.zero_point)

    def answer(self) -> str:
        """Return the first output: int8, of one graph in four sums as they are, any value where there is no class."""
        read = self.maps[-1]
        if not self.labelled and read.name not in self.inputs:
            return read.name
        if self.rng.random() < 0.75:
            return self.classify()
        outputs = int(self.rng.integers(2, 12))
        fields = self.fields(read.size, outputs, read, 1.0) | {"limits": NO_LIMITS}
        fields["weight_scales"] = np.full(outputs, fields["weight_scales"][0])
        if self.rng.random() < 0.5:
            fields["bias"] = np.clip(fields["bias"], -32768, 32767).astype(np.int16)
        written = self.write(FullyConnected(**fields), [read], (outputs,), 1.0, 0)
        self.maps.remove(written)  # which no other operator reads
        scale = float(np.float32(read.scale) * fields["weight_scales"][0])
        self.values[written.name] = Value(written.name, (outputs,), "int32", scale)
        return written.name

    def further_outputs(self) -> list[str]:
        """Return up to three more outputs: softmax of any vector, and any values on the way."""
        found = []
        vectors = [value for value in self.maps if len(value.shape) == 1]
        if vectors and self.rng.random() < 0.5:
            logits = vectors[int(self.rng.integers(len(vectors)))]
            found.append(self.write(Softmax(), [logits], logits.shape, SCALE, ZERO_POINT).name)
        others = [self.pick().name for _ in range(int(self.rng.integers(3)))]
        return found + [name for name in others if name not in self.inputs]
