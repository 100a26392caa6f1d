"""Folded image networks as torch computes them: layer by layer, with what each layer's weights multiply."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tinygmp.models.mobilenet_v1_weights import FoldedLayer, MobileNetWeights

CLASSIFIER = "fc"


@dataclass(frozen=True)
class TorchLayer:
    """A folded layer as torch computes it; weight: [outputs, inputs, rows, columns], [classes, inputs] for the last."""

    name: str
    weight: Tensor
    bias: Tensor
    kernel: int
    stride: int
    padding: tuple[int, int, int, int]
    depthwise: bool
    activation: str

    def sums(self, x: Tensor) -> Tensor:
        """Return weights * x + bias; the last layer takes the mean over rows and columns."""
        if self.name == CLASSIFIER:
            return functional.linear(x.mean((2, 3)), self.weight, self.bias)
        groups = len(self.weight) if self.depthwise else 1
        return functional.conv2d(padded(self, x), self.weight, self.bias, self.stride, 0, 1, groups)

    def activated(self, sums: Tensor) -> Tensor:
        if self.activation == "none":
            return sums
        return sums.clamp(0, 6) if self.activation == "relu6" else sums.clamp(0)

    def inputs(self, x: Tensor) -> Tensor:
        """Return what weights multiply: [samples, weights of an output], or [channels, samples, taps] if depthwise."""
        if self.name == CLASSIFIER:
            return x.mean((2, 3))
        if self.kernel == 1 and self.stride == 1 and not self.depthwise:
            return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
        taps = self.kernel**2
        columns = functional.unfold(padded(self, x), self.kernel, stride=self.stride)
        if not self.depthwise:
            return columns.permute(0, 2, 1).reshape(-1, columns.shape[1])
        channels = len(self.weight)
        return columns.reshape(len(x), channels, taps, -1).permute(1, 0, 3, 2).reshape(channels, -1, taps)

    def targets(self, sums: Tensor) -> Tensor:
        """Return sums as [samples, outputs], [channels, samples, 1] if depthwise."""
        if self.depthwise:
            return sums.permute(1, 0, 2, 3).reshape(len(self.weight), -1, 1)
        return sums if sums.ndim == 2 else sums.permute(0, 2, 3, 1).reshape(-1, sums.shape[1])


def padded(layer: TorchLayer, x: Tensor) -> Tensor:
    top, bottom, left, right = layer.padding
    return functional.pad(x, (left, right, top, bottom)) if any(layer.padding) else x


def torch_layers(weights: MobileNetWeights) -> list[TorchLayer]:
    """Return the layers with OIHW weights."""
    layers = []
    for layer in weights.layers:
        weight = torch.from_numpy(layer.weights.copy())
        if layer.name != CLASSIFIER:
            weight = (
                weight.reshape(len(weight), layer.kernel, layer.kernel, -1).permute(0, 3, 1, 2).contiguous()
            )
        layers.append(
            TorchLayer(
                layer.name,
                weight,
                torch.from_numpy(layer.bias.copy()),
                layer.kernel,
                layer.stride,
                layer.padding,
                layer.depthwise,
                layer.activation,
            )
        )
    return layers


def folded(layer: FoldedLayer, new: TorchLayer) -> FoldedLayer:
    """Return the record of a layer with new weights."""
    weight = (
        new.weight if new.weight.ndim == 2 else new.weight.permute(0, 2, 3, 1).reshape(len(new.weight), -1)
    )
    return replace(layer, weights=np.ascontiguousarray(weight.numpy()), bias=new.bias.numpy())
