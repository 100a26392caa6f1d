"""Quantisation-aware fine-tuning of folded image networks: the integers of packing in the forward pass, zeros fixed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from tinygmp.errors import ConfigError
from tinygmp.models.mobilenet_v1_weights import MobileNetWeights
from tinygmp.packed.image_model import Activation
from tinygmp.packed.layers import INT8_LIMIT
from tinygmp.prune.folded_torch import CLASSIFIER, TorchLayer, folded, torch_layers

SMALLEST_SCALE = 1e-9


class QuantizedImageNetwork(nn.Module):
    """A pruned and folded network that computes with int8 weights and activations, so that fine-tuning sees them.

    Weights have one symmetric scale a channel (one for the whole classifier), their largest magnitude at 127, as
    `pack_mobilenet` stores them; activations have the given ranges, which stay. Rounding passes gradients through,
    clipping does not (Jacob et al. 2018, section 3). Weights that are zero stay zero.

    calibration: by layer, as `calibrate_images` returns it. mean, std: by channel, what made the input out of pixels
    in 0..1. Input: float [batch, channels, size, size]; output: logits [batch, classes]. Raises ConfigError when a
    layer has no range.
    """

    def __init__(
        self,
        weights: MobileNetWeights,
        calibration: Mapping[str, Activation],
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__()
        self.source, self.calibration = weights, dict(calibration)
        self.layers = torch_layers(weights)
        if missing := [layer.name for layer in self.layers if layer.name not in calibration]:
            raise ConfigError(f"layer '{missing[0]}' has no range; calibrate with the same network")
        gain, zero = 255 * weights.pixel_scale, weights.pixel_zero * weights.pixel_scale
        self.register_buffer("gain", torch.tensor(std).reshape(-1, 1, 1) * gain)
        self.register_buffer("offset", torch.tensor(mean).reshape(-1, 1, 1) * gain - zero)
        self.weights = nn.ParameterDict({layer.name: nn.Parameter(layer.weight) for layer in self.layers})
        self.biases = nn.ParameterDict({layer.name: nn.Parameter(layer.bias) for layer in self.layers})
        for layer in self.layers:
            self.register_buffer(mask_name(layer.name), layer.weight != 0)

    def forward(self, images: Tensor) -> Tensor:
        x = images * self.get_buffer("gain") + self.get_buffer("offset")
        for layer in self.layers:
            weight = rounded_weights(self.masked(layer.name), layer.name == CLASSIFIER)
            now = replace(layer, weight=weight, bias=self.biases[layer.name])
            x = rounded_activation(now.activated(now.sums(x)), self.calibration[layer.name])
        return x

    def masked(self, name: str) -> Tensor:
        masked: Tensor = self.weights[name] * self.get_buffer(mask_name(name))
        return masked

    def finished(self) -> MobileNetWeights:
        """Return the network as float32 numpy, its weights on the levels that packing finds again."""
        with torch.no_grad():
            layers = [self.trained(layer) for layer in self.layers]
        return replace(
            self.source, layers=tuple(folded(*pair) for pair in zip(self.source.layers, layers, strict=True))
        )

    def trained(self, layer: TorchLayer) -> TorchLayer:
        weight = rounded_weights(self.masked(layer.name), layer.name == CLASSIFIER)
        return replace(layer, weight=weight.cpu(), bias=self.biases[layer.name].detach().cpu().clone())


def mask_name(layer: str) -> str:
    return f"mask_{layer}"


def rounded_weights(weight: Tensor, one_scale: bool) -> Tensor:
    """Return weights at their int8 levels; gradients pass as if they had not been rounded."""
    magnitude = weight.detach().abs()
    peak = magnitude.amax() if one_scale else magnitude.flatten(1).amax(1)
    scale = (peak / INT8_LIMIT).clamp(min=SMALLEST_SCALE).reshape(-1, *(1,) * (weight.ndim - 1))
    return weight + (torch.round(weight.detach() / scale) * scale - weight.detach())


def rounded_activation(x: Tensor, meaning: Activation) -> Tensor:
    """Return values at the int8 levels of a range; outside it they are cut, and so are their gradients."""
    low, high = ((level - meaning.zero_point) * meaning.scale for level in (-128, 127))
    inside = x.clamp(low, high)
    return inside + (torch.round(inside.detach() / meaning.scale) * meaning.scale - inside.detach())
