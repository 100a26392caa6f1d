"""Quantisation-aware fine-tuning of folded image networks: the integers of packing in the forward pass, zeros fixed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from tinygmp.errors import ConfigError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.models.torch_graph import TorchLayer, applied, forget, torch_layers, with_layers
from tinygmp.pack.meanings import Meaning
from tinygmp.quant.symmetric import INT8_LIMIT

SMALLEST_SCALE = 1e-9


class QuantizedImageNetwork(nn.Module):
    """A pruned and folded network that computes with int8 weights and activations, so that fine-tuning sees them.

    Weights have one symmetric scale a channel (one for the whole classifier), their largest magnitude at 127, as
    packing stores them; activations have the given ranges, which stay. Rounding passes gradients through,
    clipping does not (Jacob et al. 2018, section 3). Weights that are zero stay zero.

    calibration: by value, as tinygmp.pack.packer.calibrate returns it. mean, std: by channel, what made the input out
    of pixels in 0..1. Input: float [batch, channels, size, size]; output: logits [batch, classes]. Raises ConfigError
    when a layer has no range.
    """

    def __init__(
        self,
        graph: FloatGraph,
        calibration: Mapping[str, Meaning],
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__()
        self.source, self.calibration = graph, dict(calibration)
        self.layers = {layer.name: layer for layer in torch_layers(graph)}
        if missing := [each.name for each in self.layers.values() if each.node.writes[0] not in calibration]:
            raise ConfigError(f"layer '{missing[0]}' has no range; calibrate with the same network")
        (self.pixels,) = graph.nodes_of(PixelInput)
        pixels = self.pixels.operator
        assert isinstance(pixels, PixelInput)
        gain, zero = 255 * pixels.scale, pixels.zero * pixels.scale
        self.register_buffer("gain", torch.tensor(std).reshape(-1, 1, 1) * gain)
        self.register_buffer("offset", torch.tensor(mean).reshape(-1, 1, 1) * gain - zero)
        layers = self.layers.values()
        self.weights = nn.ParameterDict({layer.name: nn.Parameter(layer.weight) for layer in layers})
        self.biases = nn.ParameterDict({layer.name: nn.Parameter(layer.bias) for layer in layers})
        for layer in layers:
            self.register_buffer(mask_name(layer.name), layer.weight != 0)

    def forward(self, images: Tensor) -> Tensor:
        entered = images * self.get_buffer("gain") + self.get_buffer("offset")
        values = {self.pixels.writes[0]: entered}
        for at, node in enumerate(self.source.nodes):
            if node is self.pixels:
                continue
            (written,) = node.writes
            if layer := self.layers.get(node.name):
                now = replace(layer, weight=self.rounded(layer), bias=self.biases[layer.name])
                x = now.activated(now.sums(values[node.reads[0]]))
                values[written] = rounded_activation(x, self.calibration[written])
            else:
                values[written] = applied(node, [values[name] for name in node.reads])
            forget(self.source, values, at)
        return values[self.source.outputs[0]]

    def rounded(self, layer: TorchLayer) -> Tensor:
        masked: Tensor = self.weights[layer.name] * self.get_buffer(mask_name(layer.name))
        return rounded_weights(masked, layer.matrix)

    def finished(self) -> FloatGraph:
        """Return the network as float32 numpy, its weights on the levels that packing finds again."""
        with torch.no_grad():
            layers = [self.trained(layer) for layer in self.layers.values()]
        return with_layers(self.source, layers)

    def trained(self, layer: TorchLayer) -> TorchLayer:
        bias = self.biases[layer.name].detach().cpu().clone()
        return replace(layer, weight=self.rounded(layer).cpu(), bias=bias)


def mask_name(layer: str) -> str:
    return f"mask_{layer}"


def rounded_weights(weight: Tensor, one_scale: bool) -> Tensor:
    """Return weights at their int8 levels; gradients pass as if they had not been rounded."""
    magnitude = weight.detach().abs()
    peak = magnitude.amax() if one_scale else magnitude.flatten(1).amax(1)
    scale = (peak / INT8_LIMIT).clamp(min=SMALLEST_SCALE).reshape(-1, *(1,) * (weight.ndim - 1))
    return weight + (torch.round(weight.detach() / scale) * scale - weight.detach())


def rounded_activation(x: Tensor, meaning: Meaning) -> Tensor:
    """Return values at the int8 levels of a range; outside it they are cut, and so are their gradients."""
    low, high = ((level - meaning.zero_point) * meaning.scale for level in (-128, 127))
    inside = x.clamp(low, high)
    return inside + (torch.round(inside.detach() / meaning.scale) * meaning.scale - inside.detach())
