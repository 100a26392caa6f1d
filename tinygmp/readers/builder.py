"""The one way in which readers of foreign files build a float graph, operation by operation."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tinygmp.errors import UnsupportedError
from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.add import Add
from tinygmp.floats.operators.average_pool import AveragePool
from tinygmp.floats.operators.base import Operator
from tinygmp.floats.operators.concatenate import Concatenate
from tinygmp.floats.operators.conv2d import Conv2d
from tinygmp.floats.operators.depthwise_conv2d import DepthwiseConv2d
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.gated_cell import GatedCell
from tinygmp.floats.operators.global_average_pool import GlobalAveragePool
from tinygmp.floats.operators.linear import Linear
from tinygmp.floats.operators.max_pool import MaxPool
from tinygmp.floats.operators.pad import Pad
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.floats.operators.reshape import Reshape
from tinygmp.floats.operators.softmax import Softmax
from tinygmp.graph.model import State
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.window import Pair, Window
from tinygmp.graph.values import Shape
from tinygmp.readers.folding import Sides, block_diagonal, flat, folded_batch_norm, sides_of

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
class GraphBuilder:
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

    # ---- recurrent cells

    def recur(self, place: str, read: str, written: str, cell: GatedCell) -> None:
        """Add a cell that takes every step of an input or of another cell; `written` is its output of every step."""
        value = self.series(place, read, cell.input_size)
        name = self.numbered(type(cell).__name__.lower())
        before = tuple(f"{name}_{part}" for part in ("h", "c")[: cell.states])
        after = tuple(f"next_{each}" for each in before)
        self.shapes |= dict.fromkeys((*before, *after), (cell.hidden_size,))
        self.states += [State(one, other) for one, other in zip(before, after, strict=True)]
        self.nodes.append(FloatNode(name, cell, (value, *before), after))
        self.names[written] = Held(after[0], series=True)

    def series(self, place: str, read: str, channels: int) -> str:
        """Return the value of each step that a name stands for; an input of steps becomes one of channels."""
        held = self.names[read]
        shape = self.shapes[held.value]
        if held.series and len(shape) == 1:
            return held.value
        if held.value not in self.inputs or held.padding != NOTHING or held.flat or channels not in shape:
            raise self.unsupported(place, "a recurrent cell that reads other than an input or another cell,")
        self.inputs[held.value] = self.shapes[held.value] = (channels,)
        self.names = {
            name: replace(each, series=True) if each.value == held.value else each
            for name, each in self.names.items()
        }
        return held.value

    def is_series(self, name: str) -> bool:
        return name in self.names and self.names[name].series

    def same_series(self, read: str, written: str) -> None:
        """Let another name stand for the same steps, in whatever order of axes."""
        self.names[written] = replace(self.names[read], series=True)

    def is_input(self, name: str) -> bool:
        return name in self.names and self.names[name].value in self.inputs

    def last_step(self, read: str, written: str) -> None:
        """Take a cell's output after the last step."""
        self.names[written] = replace(self.names[read], series=False)

    # ---- layers with weights

    def convolve(
        self,
        place: str,
        read: str,
        written: str,
        weights: np.ndarray,
        bias: np.ndarray | None,
        window: Window = Window(),  # noqa: B008  frozen
        padding: str = "",
        groups: int = 1,
        name: str | None = None,
    ) -> None:
        """Add a convolution, weights OIHW; padding 'same' or 'same_lower' is added to that of the window."""
        held = self.held(place, read)
        weights = np.asarray(weights, np.float32)
        bias = (
            np.zeros(len(weights), np.float32) if bias is None else np.asarray(bias, np.float32).reshape(-1)
        )
        channels = self.shapes[held.value][-1]
        if weights.shape[1] * groups != channels or len(weights) % groups:
            raise self.unsupported(
                place, f"a kernel of {weights.shape} in {groups} groups over {channels} channels"
            )
        if self.follows_mean(held) and window.is_pointwise and groups == 1:
            self.fully_connect(place, read, written, weights.reshape(len(weights), -1), bias, name)
            return
        value, window = self.with_window(place, held, replace(window, kernel=pair_of(weights)), padding)
        if groups == channels > 1:
            operator: Linear = DepthwiseConv2d(
                flat(weights), bias, window=window, multiplier=len(weights) // groups
            )
        else:
            operator = Conv2d(flat(block_diagonal(weights, groups)), bias, window=window)
        kind = "dw" if isinstance(operator, DepthwiseConv2d) else "conv"
        self.names[written] = Held(self.write(name or self.numbered_layer(kind), operator, (value,)))

    def fully_connect(
        self,
        place: str,
        read: str,
        written: str,
        weights: np.ndarray,
        bias: np.ndarray | None,
        name: str | None = None,
    ) -> None:
        """Add a matrix [outputs, inputs] of all of a value; its columns are put into the graph's order."""
        held = self.held(place, read)
        if held.padding != NOTHING or held.softmax:
            held = Held(self.settled(place, held), flat=held.flat, channels_first=held.channels_first)
        weights, shape = np.asarray(weights, np.float32), self.shapes[held.value]
        if weights.ndim != 2 or weights.shape[1] != math.prod(shape):
            raise self.unsupported(
                place, f"a matrix {weights.shape} of a value of {math.prod(shape)} elements"
            )
        if held.channels_first and len(shape) == 3:
            rows, columns, channels = shape
            weights = (
                weights.reshape(-1, channels, rows, columns).transpose(0, 2, 3, 1).reshape(len(weights), -1)
            )
        bias = (
            np.zeros(len(weights), np.float32) if bias is None else np.asarray(bias, np.float32).reshape(-1)
        )
        operator = FullyConnected(np.ascontiguousarray(weights), bias)
        self.names[written] = Held(self.write(name or self.numbered_layer("fc"), operator, (held.value,)))

    def batch_norm(
        self, place: str, read: str, written: str, parts: Sequence[np.ndarray], epsilon: float
    ) -> None:
        """Fold gamma, beta, mean and variance into the layer before, or make a layer of one tap a channel of them."""
        gamma, beta, mean, variance = (np.asarray(part, np.float32).reshape(-1) for part in parts)
        at = self.layer_before(read)
        if at is None:
            factor = gamma / np.sqrt(variance + epsilon)
            self.scale_channels(place, read, written, factor, beta - mean * factor)
            return
        layer = self.nodes[at].operator
        assert isinstance(layer, Linear)
        weights, bias = folded_batch_norm(layer.weights, gamma, beta, mean - layer.bias, variance, epsilon)
        self.change(at, replace(layer, weights=weights.astype(np.float32), bias=bias.astype(np.float32)))
        self.names[written] = self.names[read]

    def scale_channels(
        self, place: str, read: str, written: str, factor: np.ndarray | float, offset: np.ndarray | float
    ) -> None:
        """Multiply channels and add to them: in the layer before where it may, else as a layer of its own."""
        at, held = self.layer_before(read), self.held(place, read)
        channels = self.shapes[held.value][-1]
        factor, offset = (
            np.broadcast_to(np.asarray(part, np.float32).reshape(-1), (channels,))
            for part in (factor, offset)
        )
        if at is not None:
            layer = self.nodes[at].operator
            assert isinstance(layer, Linear)
            changed = replace(
                layer, weights=layer.weights * factor[:, None], bias=layer.bias * factor + offset
            )
            self.change(at, changed)
            self.names[written] = self.names[read]
            return
        value = self.settled(place, held)
        operator = DepthwiseConv2d(np.ascontiguousarray(factor[:, None]), np.array(offset))
        self.names[written] = Held(self.write(self.numbered("scale"), operator, (value,)))

    # ---- what has no weights

    def activate(self, place: str, read: str, written: str, low: float | None, high: float | None) -> None:
        """Clamp: in the layer before where it may, else by itself; None or more than 1e30 is no bound."""
        low = -math.inf if low is None or low < -1e30 else float(low)
        high = math.inf if high is None or high > 1e30 else float(high)
        limits = Limits(low, high)
        at = self.node_before(read)
        operator = self.nodes[at].operator if at is not None else None
        if at is not None and getattr(operator, "limits", None) == NO_LIMITS:
            self.change(at, replace(self.nodes[at].operator, limits=limits))  # type: ignore[type-var]
            self.names[written] = self.names[read]
            return
        value = self.settled(place, self.held(place, read))
        self.names[written] = Held(self.write(self.numbered("clamp"), MaxPool(limits=limits), (value,)))

    def pad(self, place: str, read: str, written: str, sides: Sides) -> None:
        """Add zeros around a map; a convolution that follows takes them."""
        held = self.held(place, read)
        if min(sides) < 0 or held.flat:
            raise self.unsupported(place, f"padding of {sides}")
        top, bottom, left, right = (a + b for a, b in zip(held.padding, sides, strict=True))
        self.names[written] = replace(held, padding=(top, bottom, left, right))

    def max_pool(self, place: str, read: str, written: str, window: Window, padding: str = "") -> None:
        held = self.held(place, read)
        if held.padding != NOTHING:  # zeros that a pool must see
            held = Held(self.settled(place, held))
        self.expect_pool(place, window)
        value, window = self.with_window(place, held, window, padding)
        self.names[written] = Held(self.write(self.numbered("max"), MaxPool(window), (value,)))

    def average_pool(
        self,
        place: str,
        read: str,
        written: str,
        window: Window,
        padding: str = "",
        border_counts: bool = False,
    ) -> None:
        """Add a mean under a window; border_counts: zeros outside the map are part of the mean."""
        held = self.held(place, read)
        if held.flat or held.softmax:
            held = Held(self.settled(place, held))
        if padding:
            window = replace(window, padding=self.sides_of(held, window, padding))
        if border_counts:
            held = replace(held, padding=joined(held.padding, window.padding))
            window = replace(window, padding=NOTHING)
        if held.padding != NOTHING:
            held = Held(self.settled(place, held))
        self.expect_pool(place, window)
        rows, columns, _ = self.map_shape(held.value)
        if (window.kernel, window.padding) == ((rows, columns), NOTHING):
            self.names[written] = held
            self.global_average(place, written, written)
            return
        value, window = self.with_window(place, held, window, "")
        self.names[written] = Held(self.write(self.numbered("mean"), AveragePool(window), (value,)))

    def global_average(self, place: str, read: str, written: str) -> None:
        value = self.settled(place, self.held(place, read))
        taken = any(node.name == "pool" for node in self.nodes)
        name = self.numbered("pool") if taken else "pool"
        self.names[written] = Held(self.write(name, GlobalAveragePool(), (value,)))

    def add(self, place: str, reads: Sequence[str], written: str) -> None:
        one, other = (self.settled(place, self.held(place, name)) for name in reads)
        if self.shapes[one] != self.shapes[other]:
            one, other = self.as_vector(one), self.as_vector(other)
        if self.shapes[one] != self.shapes[other]:
            raise self.unsupported(place, f"an addition of {self.shapes[one]} and {self.shapes[other]}")
        self.names[written] = Held(self.write(self.numbered("add"), Add(), (one, other)))

    def concatenate(self, place: str, reads: Sequence[str], written: str, axis: int = -1) -> None:
        """Join values; axis of the graph's order: -1 channels, -2 columns, -3 rows."""
        values = [self.settled(place, self.held(place, name)) for name in reads]
        self.names[written] = Held(self.write(self.numbered("join"), Concatenate(axis), tuple(values)))

    def flatten(self, place: str, read: str, written: str) -> None:
        held = self.held(place, read)
        rows, columns, channels = self.map_shape(held.value)
        mixed = self.channels_first and rows * columns > 1 and channels > 1
        if held.padding != NOTHING:
            held = Held(self.settled(place, held))
        self.names[written] = replace(held, flat=True, channels_first=held.channels_first or mixed)

    def reshape(self, place: str, read: str, written: str, shape: Shape) -> None:
        """Change the shape of a file whose channels come last."""
        held = self.held(place, read)
        if len(shape) == 1:
            self.flatten(place, read, written)
        elif shape == self.map_shape(held.value) and not held.channels_first:
            self.names[written] = replace(held, flat=False)
        else:
            value = self.settled(place, held)
            self.names[written] = Held(self.write(self.numbered("reshape"), Reshape(shape), (value,)))

    def softmax(self, place: str, read: str, written: str) -> None:
        self.names[written] = replace(self.held(place, read), softmax=True)

    def same(self, place: str, read: str, written: str) -> None:
        """Let a name stand for what another does: dropout, identity."""
        self.names[written] = self.names[read] if self.is_series(read) else self.held(place, read)

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


def pair_of(weights: np.ndarray) -> Pair:
    return weights.shape[2], weights.shape[3]


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
