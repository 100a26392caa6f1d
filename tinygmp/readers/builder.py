"""The one way in which readers of foreign files build a float graph, operation by operation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators.add import Add
from tinygmp.floats.operators.average_pool import AveragePool
from tinygmp.floats.operators.concatenate import Concatenate
from tinygmp.floats.operators.conv2d import Conv2d
from tinygmp.floats.operators.depthwise_conv2d import DepthwiseConv2d
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.gated_cell import GatedCell
from tinygmp.floats.operators.global_average_pool import GlobalAveragePool
from tinygmp.floats.operators.linear import Linear
from tinygmp.floats.operators.max_pool import MaxPool
from tinygmp.floats.operators.reshape import Reshape
from tinygmp.graph.model import State
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.window import Pair, Window, rounded_up
from tinygmp.graph.values import Shape
from tinygmp.readers.construction import NOTHING, SUPPORTED, Construction, Held, joined, less
from tinygmp.readers.folding import Sides, block_diagonal, flat, folded_batch_norm

__all__ = ["SUPPORTED", "GraphBuilder", "Held"]


@dataclass
class GraphBuilder(Construction):
    """Layers, cells and all else that files hold; reads and writes are names of the foreign file."""

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

    def max_pool(
        self, place: str, read: str, written: str, window: Window, padding: str = "", rounds_up: bool = False
    ) -> None:
        """Add the largest under a window; rounds_up: a last position may see less than a whole kernel."""
        held = self.held(place, read)
        if held.padding != NOTHING:  # zeros that a pool must see
            held = Held(self.settled(place, held))
        if rounds_up:
            window = rounded_up(window, *self.map_shape(held.value)[:2])
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
        rounds_up: bool = False,
    ) -> None:
        """Add a mean under a window; border_counts: zeros outside the map are part of the mean; see max_pool."""
        held = self.held(place, read)
        if held.flat or held.softmax:
            held = Held(self.settled(place, held))
        if padding:
            window = replace(window, padding=self.sides_of(held, window, padding))
        beyond = NOTHING  # what rounding up adds, which never counts
        if rounds_up:
            held = Held(self.settled(place, held))
            grown = rounded_up(window, *self.map_shape(held.value)[:2])
            beyond = less(grown.padding, window.padding)
        if border_counts:
            held = replace(held, padding=joined(held.padding, window.padding))
            window = replace(window, padding=NOTHING)
        window = replace(window, padding=joined(window.padding, beyond))
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


def pair_of(weights: np.ndarray) -> Pair:
    return weights.shape[2], weights.shape[3]
