"""A graph under construction: what the names of a foreign file stand for, and what has still to be done to it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tinygmp.errors import UnsupportedError
from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.base import Operator
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.global_average_pool import GlobalAveragePool
from tinygmp.floats.operators.linear import Linear
from tinygmp.floats.operators.pad import Pad
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.floats.operators.reshape import Reshape
from tinygmp.floats.operators.softmax import Softmax
from tinygmp.graph.model import State
from tinygmp.graph.operators.limits import NO_LIMITS
from tinygmp.graph.operators.window import Window
from tinygmp.graph.values import Shape
from tinygmp.readers.folding import Sides, sides_of

SUPPORTED = (
    "convolutions of one and two dimensions, depthwise and grouped ones, batch norm, ReLU, ReLU6 and other clamps, "
    "padding with zeros, max and average pools, fully connected layers, additions, joins of channels, GRU and LSTM "
    "cells that read the input or one another, softmax at the end"
)
NOTHING: Sides = (0, 0, 0, 0)
PADDINGS = ("same", "same_lower")


@dataclass(frozen=True)
class Held:
    """What a name of a foreign file stands for: a value of the graph, and what has still to be done to it.

    padding: zeros around it. flat: it is to be a vector; channels_first: in the order channels, rows, columns.
    softmax: its shares of one, which a classifier's answer does not need. series: a recurrent cell's output of every
    step, which only cells read.
    """

    value: str
    padding: Sides = NOTHING
    flat: bool = False
    channels_first: bool = False
    softmax: bool = False
    series: bool = False


@dataclass
class Construction:
    """A graph under construction; `origin` names the file in messages.

    reads and writes are names of the foreign file; shapes are (rows, columns, channels) or (channels,) whatever its
    layout. channels_first: in which order the file flattens. uses: how often a name is read, outputs counted; one that
    is read once takes batch norm and clamps into the layer before.
    """

    origin: str
    channels_first: bool = False
    uses: Mapping[str, int] = field(default_factory=dict)
    inputs: dict[str, Shape] = field(default_factory=dict)
    nodes: list[FloatNode] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    names: dict[str, Held] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)  # values that several names or readers stand for
    states: list[State] = field(default_factory=list)

    # ---- inputs and outputs

    def start(self, written: str, shape: Shape, pixels: PixelInput | None = None) -> None:
        """Add an input: pixels of 0..255 that mean this, or plain reals."""
        if pixels is None:
            name = "x" if "x" not in self.inputs else f"x{len(self.inputs)}"
            self.inputs[name] = self.shapes[name] = shape
            self.names[written] = Held(name)
            return
        name, node = (
            ("pixels", "input")
            if not self.inputs
            else (f"pixels{len(self.inputs)}", f"input{len(self.inputs)}")
        )
        self.inputs[name] = self.shapes[name] = shape
        self.names[written] = Held(self.write(node, pixels, (name,)))

    def finish(self, outputs: Sequence[str]) -> FloatGraph:
        """Return the graph; a softmax at its end is left out, since it changes no class."""
        values = []
        for name in outputs:
            held = replace(self.held(f"output '{name}'", name), softmax=False)
            values.append(self.settled(f"output '{name}'", held))
        graph = FloatGraph(self.origin, self.inputs, tuple(self.nodes), tuple(values), tuple(self.states))
        return with_last_named(graph)

    # ---- how it is done

    def held(self, place: str, name: str) -> Held:
        if name not in self.names:
            raise self.unsupported(place, f"reading '{name}', which no layer before it computes,")
        if self.names[name].series:
            raise self.unsupported(place, "a layer of every step that is no recurrent cell")
        if self.uses.get(name, 1) > 1:
            self.shared.add(self.names[name].value)
        return self.names[name]

    def settled(self, place: str, held: Held) -> str:
        """Return the value with all done to it that is still to be done."""
        value = held.value
        if held.softmax:
            if math.prod(self.map_shape(value)[:2]) > 1:
                raise self.unsupported(place, "a softmax of a map, other than at the end,")
            value = self.write(self.numbered("softmax"), Softmax(), (self.as_vector(value),))
        if held.padding != NOTHING:
            value = self.write(self.numbered("pad"), Pad(held.padding), (value,))
        if held.channels_first:
            raise self.unsupported(
                place, "channels flattened before rows and columns, for other than a matrix,"
            )
        return self.as_vector(value) if held.flat else value

    def as_vector(self, value: str) -> str:
        shape = self.shapes[value]
        if len(shape) == 1:
            return value
        return self.write(self.numbered("reshape"), Reshape((math.prod(shape),)), (value,))

    def with_window(self, place: str, held: Held, window: Window, padding: str) -> tuple[str, Window]:
        """Return the value and the window that sees its padding; what no window takes becomes a layer."""
        if held.flat or held.softmax:
            held = Held(self.settled(place, held))
        if padding:
            window = replace(window, padding=self.sides_of(held, window, padding))
        sides = joined(window.padding, held.padding)
        if any(side >= extent for side, extent in zip(sides, np.repeat(window.extent, 2), strict=True)):
            return self.settled(place, replace(held, padding=sides)), replace(window, padding=NOTHING)
        return held.value, replace(window, padding=sides)

    def sides_of(self, held: Held, window: Window, padding: str) -> Sides:
        """Return the sides of 'same' or 'same_lower' around a value and the zeros that it has already."""
        rows, columns, _ = self.map_shape(held.value)
        grown = (rows + sum(held.padding[:2]), columns + sum(held.padding[2:]))
        return sides_of(padding, grown, window)

    def expect_pool(self, place: str, window: Window) -> None:
        """Raise UnsupportedError for dilation, and for a border as wide as the kernel, which would be zeros."""
        wide = any(
            side >= extent for side, extent in zip(window.padding, np.repeat(window.extent, 2), strict=True)
        )
        if window.dilation != (1, 1) or wide:
            raise self.unsupported(place, f"a pool with dilation {window.dilation} and pads {window.padding}")

    def map_shape(self, value: str) -> tuple[int, int, int]:
        shape = self.shapes[value]
        return (1, 1, shape[0]) if len(shape) == 1 else (shape[0], shape[1], shape[2])

    def follows_mean(self, held: Held) -> bool:
        return held.padding == NOTHING and any(
            held.value in node.writes and isinstance(node.operator, GlobalAveragePool) for node in self.nodes
        )

    def node_before(self, read: str) -> int | None:
        """Return the place of the node that wrote a name, where nothing else reads what it wrote."""
        held = self.names.get(read)
        if held is None or held.padding != NOTHING or held.softmax or self.uses.get(read, 1) > 1:
            return None
        if held.value in self.shared or any(held.value in node.reads for node in self.nodes):
            return None
        return next((at for at, node in enumerate(self.nodes) if held.value in node.writes), None)

    def layer_before(self, read: str) -> int | None:
        """Return the place of a layer that may still take factors: with weights, without a clamp."""
        at = self.node_before(read)
        operator = self.nodes[at].operator if at is not None else None
        return at if isinstance(operator, Linear) and operator.limits == NO_LIMITS else None

    def change(self, at: int, operator: Operator) -> None:
        self.nodes[at] = replace(self.nodes[at], operator=operator)

    def write(self, name: str, operator: Operator, reads: tuple[str, ...]) -> str:
        """Add a node and return the value it writes, whose name is that of the node with '_out'."""
        (shape,) = operator.written(name, tuple(self.shapes[value] for value in reads))
        value = f"{name}_out"
        self.nodes.append(FloatNode(name, operator, reads, (value,)))
        self.shapes[value] = shape
        return value

    def numbered(self, kind: str) -> str:
        return f"{kind}{len(self.nodes)}"

    def numbered_layer(self, kind: str) -> str:
        """Return a name with the number of layers with weights before it."""
        return f"{kind}{sum(isinstance(node.operator, Linear) for node in self.nodes)}"

    def unsupported(self, place: str, why: str) -> UnsupportedError:
        return UnsupportedError(f"'{self.origin}', {place}: {why} is not supported; supported: {SUPPORTED}")


def joined(one: Sides, other: Sides) -> Sides:
    top, bottom, left, right = (a + b for a, b in zip(one, other, strict=True))
    return top, bottom, left, right


def less(one: Sides, other: Sides) -> Sides:
    top, bottom, left, right = (a - b for a, b in zip(one, other, strict=True))
    return top, bottom, left, right


def with_last_named(graph: FloatGraph) -> FloatGraph:
    """Return the graph with its last fully connected layer called 'fc' where it gives the answer."""
    last = graph.writer(graph.outputs[0])
    if last is None or not isinstance(last.operator, FullyConnected) or last.name == "fc":
        return graph
    before, after = last.writes[0], "fc_out"

    def renamed(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(after if name == before else name for name in names)

    nodes = tuple(
        replace(
            node,
            name="fc" if node is last else node.name,
            reads=renamed(node.reads),
            writes=renamed(node.writes),
        )
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes, outputs=renamed(graph.outputs))
