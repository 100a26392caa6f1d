"""MobileNet-V1 (Howard et al. 2017): depthwise-separable convolutions, any width, resolution and class
count.
"""

from __future__ import annotations

import torch
from torch import nn

from tinygmp.errors import ConfigError

# (output channels, stride) of the 13 depthwise-separable blocks after the stem of 32 channels
BLOCKS = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *((512, 1),) * 5,
    (1024, 2),
    (1024, 1),
)


class MobileNetV1(nn.Module):
    """MobileNet-V1 for images [batch, in_channels, height, width] of any size that five halvings survive.

    width: multiplier of all channel counts, rounded to the nearest whole channel (0.25 of the stem is 8). The
    dense 1.0 network has 4,209,088 prunable weights with 1,000 classes and 568.7 M multiply-adds at 224 x
    224.
    """

    def __init__(
        self, classes: int = 1000, width: float = 1.0, in_channels: int = 3, stem_stride: int = 2
    ) -> None:
        super().__init__()
        if not 0.0 < width <= 4.0:
            raise ConfigError(
                f"MobileNetV1: width {width} is outside (0, 4]; usual are 0.25, 0.5, 0.75 and 1.0"
            )
        if classes < 1:
            raise ConfigError(f"MobileNetV1: {classes} classes is below 1; give the number of labels")
        channels = max(1, round(32 * width))
        self.stem = _convolution(in_channels, channels, 3, stem_stride)
        self.blocks = nn.Sequential()
        for base, stride in BLOCKS:
            wider = max(1, round(base * width))
            self.blocks.append(DepthwiseSeparable(channels, wider, stride))
            channels = wider
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits [batch, classes]."""
        features: torch.Tensor = self.pool(self.blocks(self.stem(images)))
        logits: torch.Tensor = self.classifier(features.flatten(1))
        return logits


class DepthwiseSeparable(nn.Module):
    """A 3 x 3 depthwise convolution and a 1 x 1 pointwise one, each with batch norm and ReLU."""

    def __init__(self, channels: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.depthwise = _convolution(channels, channels, 3, stride, groups=channels)
        self.pointwise = _convolution(channels, outputs, 1, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.pointwise(self.depthwise(features))
        return result


def _convolution(inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
