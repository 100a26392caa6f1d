"""MobileNet-V2 (Sandler et al. 2018): inverted residuals; for ImageNet, or with the small strides of
CIFAR.
"""

from __future__ import annotations

import torch
from torch import nn

from tinygmp.errors import ConfigError

# (expansion, output channels, blocks, stride of the first block)
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


class MobileNetV2(nn.Module):
    """MobileNet-V2 for images [batch, 3, height, width].

    small_images: stem and first stage do not halve, as usual for 32 x 32. Channels are width * base, rounded
    to multiples of 8, the last convolution never below 1,280.
    """

    def __init__(self, classes: int = 1000, width: float = 1.0, small_images: bool = False) -> None:
        super().__init__()
        if not 0.0 < width <= 4.0:
            raise ConfigError(f"MobileNetV2: width {width} is outside (0, 4]; usual are 0.35 to 1.4")
        channels = _multiple_of_8(32 * width)
        last = _multiple_of_8(1280 * max(1.0, width))
        self.stem = _convolution(3, channels, 3, 1 if small_images else 2)
        self.blocks = nn.Sequential()
        for stage, (expansion, base, count, first_stride) in enumerate(STAGES):
            outputs = _multiple_of_8(base * width)
            for position in range(count):
                stride = first_stride if position == 0 and not (small_images and stage == 1) else 1
                self.blocks.append(InvertedResidual(channels, outputs, expansion, stride))
                channels = outputs
        self.head = _convolution(channels, last, 1, 1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(last, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits [batch, classes]."""
        features: torch.Tensor = self.pool(self.head(self.blocks(self.stem(images))))
        logits: torch.Tensor = self.classifier(features.flatten(1))
        return logits


class InvertedResidual(nn.Module):
    """Expand 1 x 1, depthwise 3 x 3, project 1 x 1 without ReLU; added to its input where shapes allow."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = _convolution(inputs, hidden, 1, 1) if expansion != 1 else nn.Identity()
        self.depthwise = _convolution(hidden, hidden, 3, stride, groups=hidden)
        self.project = nn.Sequential(nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.adds_input = stride == 1 and inputs == outputs

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.project(self.depthwise(self.expand(features)))
        return features + result if self.adds_input else result


def _convolution(inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    )


def _multiple_of_8(channels: float) -> int:
    """Round as the reference does: to the nearest multiple of 8, never down by more than a tenth."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
