"""Float graphs as torch computes them, channels first: for gradients, fits and fine-tuning."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tinygmp.errors import UnsupportedError
from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.add import Add
from tinygmp.floats.operators.average_pool import AveragePool
from tinygmp.floats.operators.concatenate import Concatenate
from tinygmp.floats.operators.depthwise_conv2d import DepthwiseConv2d
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.global_average_pool import GlobalAveragePool
from tinygmp.floats.operators.linear import Linear
from tinygmp.floats.operators.max_pool import MaxPool
from tinygmp.floats.operators.pad import Pad
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.floats.operators.reshape import Reshape
from tinygmp.floats.operators.softmax import Softmax
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.window import Window

Values = dict[str, Tensor]  # by name: [batch, channels, rows, columns] or [batch, channels]
BATCH_PIXELS = 32 * 128 * 128  # of inputs that go through a network at once


@dataclass(frozen=True)
class TorchLayer:
    """A linear layer; weight: [outputs, inputs, rows, columns], of a fully connected one [outputs, inputs]."""

    node: FloatNode
    weight: Tensor
    bias: Tensor

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def record(self) -> Linear:
        assert isinstance(self.node.operator, Linear)
        return self.node.operator

    @property
    def window(self) -> Window:
        return getattr(self.record, "window", Window())

    @property
    def depthwise(self) -> bool:
        return isinstance(self.record, DepthwiseConv2d)

    @property
    def matrix(self) -> bool:
        """True for a fully connected layer."""
        return isinstance(self.record, FullyConnected)

    def sums(self, x: Tensor) -> Tensor:
        """Return weight * x + bias."""
        if self.matrix:
            return functional.linear(in_order(x), self.weight, self.bias)
        groups = x.shape[1] if self.depthwise else 1
        window = self.window
        return functional.conv2d(
            padded(window, as_map(x)), self.weight, self.bias, window.stride, 0, window.dilation, groups
        )

    def activated(self, sums: Tensor) -> Tensor:
        return clamped(self.record.limits, sums)

    def inputs(self, x: Tensor) -> Tensor:
        """Return what weights multiply: [samples, weights of an output], or [outputs, samples, taps] if depthwise."""
        if self.matrix:
            return in_order(x)
        x = as_map(x)
        if self.window.is_pointwise and not self.depthwise:
            return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
        window = self.window
        columns = functional.unfold(
            padded(window, x), window.kernel, dilation=window.dilation, stride=window.stride
        )
        if not self.depthwise:
            return columns.permute(0, 2, 1).reshape(-1, columns.shape[1])
        seen = columns.reshape(len(x), x.shape[1], window.taps, -1).permute(1, 0, 3, 2)
        seen = seen.reshape(x.shape[1], -1, window.taps)
        return seen.repeat_interleave(len(self.weight) // x.shape[1], dim=0)

    def targets(self, sums: Tensor) -> Tensor:
        """Return sums as [samples, outputs], [outputs, samples, 1] if depthwise."""
        if self.depthwise:
            return sums.permute(1, 0, 2, 3).reshape(len(self.weight), -1, 1)
        return sums if sums.ndim == 2 else sums.permute(0, 2, 3, 1).reshape(-1, sums.shape[1])

    def folded(self) -> Linear:
        """Return the record with these weights, float32 numpy."""
        weight = self.weight if self.matrix else self.weight.permute(0, 2, 3, 1).reshape(len(self.weight), -1)
        return replace(self.record, weights=np.ascontiguousarray(weight.numpy()), bias=self.bias.numpy())


def torch_layers(graph: FloatGraph) -> list[TorchLayer]:
    """Return the linear layers in order of execution, with OIHW weights."""
    found = []
    for node in graph.nodes_of(Linear):
        record = node.operator
        assert isinstance(record, Linear)
        weight = torch.from_numpy(record.weights.copy())
        if not isinstance(record, FullyConnected):
            kernel = getattr(record, "window", Window()).kernel
            weight = weight.reshape(len(weight), *kernel, -1).permute(0, 3, 1, 2).contiguous()
        found.append(TorchLayer(node, weight, torch.from_numpy(record.bias.copy())))
    return found


def with_layers(graph: FloatGraph, layers: Sequence[TorchLayer]) -> FloatGraph:
    """Return the graph with the weights of these layers."""
    return graph.with_operators({layer.name: layer.folded() for layer in layers})


def entered(graph: FloatGraph, inputs: Sequence[np.ndarray]) -> list[Values]:
    """Return inputs as reals in batches whose maps take some hundred megabytes, by the names of the values."""
    reals: dict[str, Tensor] = {}
    for name, array in zip(graph.inputs, inputs, strict=True):
        pixels = next((node for node in graph.nodes_of(PixelInput) if name in node.reads), None)
        real = pixels.operator.run(array)[0] if pixels is not None else np.asarray(array, np.float32)
        tensor = torch.from_numpy(real)
        reals[pixels.writes[0] if pixels is not None else name] = (
            tensor.permute(0, 3, 1, 2).contiguous() if tensor.ndim == 4 else tensor
        )
    first = next(iter(reals.values()))
    at_once = max(1, BATCH_PIXELS // max(1, first[0].numel() // first.shape[1]))
    parts = zip(*(tensor.split(at_once) for tensor in reals.values()), strict=True)
    return [dict(zip(reals, part, strict=True)) for part in parts]


See = Callable[[TorchLayer, Tensor, Tensor], Tensor]


def flow(
    graph: FloatGraph, layers: Mapping[str, TorchLayer], values: Values, see: See | None = None
) -> Values:
    """Run a batch through the graph and return its outputs; what no later node reads is dropped on the way.

    see: called with each layer, what it reads and its sums; returns the sums to go on with.
    """
    values = dict(values)
    for at, node in enumerate(graph.nodes):
        if isinstance(node.operator, PixelInput):
            continue
        layer = layers.get(node.name)
        if layer is None:
            values[node.writes[0]] = applied(node, [values[name] for name in node.reads])
        else:
            x = values[node.reads[0]]
            sums = layer.sums(x)
            values[node.writes[0]] = layer.activated(sums if see is None else see(layer, x, sums))
        forget(graph, values, at)
    return values


def forget(graph: FloatGraph, values: Values, at: int) -> None:
    """Drop the values that no node after this one reads and that are no output."""
    wanted = {name for node in graph.nodes[at + 1 :] for name in node.reads} | set(graph.outputs)
    for name in set(values) - wanted:
        del values[name]


def applied(node: FloatNode, reads: Sequence[Tensor]) -> Tensor:
    """Return what a node without weights writes; raises UnsupportedError for a recurrent one."""
    apply = OPERATIONS.get(type(node.operator))
    if apply is None:
        raise UnsupportedError(
            f"layer '{node.name}' ({type(node.operator).__name__}) has no form in torch; it is for feed-forward graphs"
        )
    return apply(node.operator, *reads)


def as_map(x: Tensor) -> Tensor:
    return x[:, :, None, None] if x.ndim == 2 else x


def in_order(x: Tensor) -> Tensor:
    """Return [batch, elements] in the graph's order: rows, columns, channels."""
    return x.permute(0, 2, 3, 1).flatten(1) if x.ndim == 4 else x


def clamped(limits: Limits, x: Tensor) -> Tensor:
    return x if limits == NO_LIMITS else x.clamp(limits.low, limits.high)


def padded(window: Window, x: Tensor, border: float = 0.0) -> Tensor:
    top, bottom, left, right = window.padding
    return functional.pad(x, (left, right, top, bottom), value=border) if any(window.padding) else x


def max_pool(operator: MaxPool, x: Tensor) -> Tensor:
    seen = padded(operator.window, as_map(x), -torch.inf)
    return clamped(
        operator.limits, functional.max_pool2d(seen, operator.window.kernel, operator.window.stride)
    )


def average_pool(operator: AveragePool, x: Tensor) -> Tensor:
    def total(maps: Tensor) -> Tensor:
        window = operator.window
        return functional.avg_pool2d(padded(window, maps), window.kernel, window.stride, divisor_override=1)

    x = as_map(x)
    return clamped(operator.limits, total(x) / total(torch.ones_like(x[:1, :1])))


def reshape(operator: Reshape, x: Tensor) -> Tensor:
    flat = in_order(x)
    if len(operator.shape) == 1:
        return flat
    return flat.reshape(len(x), *operator.shape).permute(0, 3, 1, 2)


def concatenate(operator: Concatenate, *parts: Tensor) -> Tensor:
    return torch.cat(parts, dim={-1: 1, -2: 3, -3: 2}[operator.axis])


OPERATIONS: dict[type, Callable[..., Tensor]] = {
    Add: lambda operator, a, b: clamped(operator.limits, a + b),
    MaxPool: max_pool,
    AveragePool: average_pool,
    GlobalAveragePool: lambda operator, x: as_map(x).mean((2, 3), keepdim=True),
    Pad: lambda operator, x: padded(Window(padding=operator.padding), as_map(x)),
    Reshape: reshape,
    Concatenate: concatenate,
    Softmax: lambda operator, x: torch.softmax(x, 1),
}


def layer_map(layers: Sequence[TorchLayer]) -> dict[str, TorchLayer]:
    return {layer.name: layer for layer in layers}


def logits_of(graph: FloatGraph, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Return the first output as float32 [samples, classes]."""
    layers = layer_map(torch_layers(graph))
    with torch.no_grad():
        found = [in_order(flow(graph, layers, values)[graph.outputs[0]]) for values in entered(graph, inputs)]
    return np.asarray(torch.cat(found).numpy())
