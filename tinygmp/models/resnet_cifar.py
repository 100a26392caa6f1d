"""ResNet-32 for CIFAR (He et al. 2016, section 4.2), in the original and in the doubled width of pruning
papers.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tinygmp.errors import ConfigError


class CifarResNet(nn.Module):
    """ResNet of depth 6n + 2 for images [batch, 3, 32, 32]; three stages of 16, 32 and 64 channels times
    width.

    Shortcuts that change shape are 1 x 1 convolutions with batch norm. ResNet-32 has 464,432 prunable
    weights at width 1 and 10 classes; pruning papers (SNIP, GraSP) use width 2.
    """

    def __init__(self, depth: int = 32, classes: int = 10, width: int = 1) -> None:
        super().__init__()
        if depth < 8 or (depth - 2) % 6:
            raise ConfigError(f"CifarResNet: depth {depth} is not 6n + 2; use 20, 32, 44, 56 or 110")
        channels = 16 * width
        self.stem = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.blocks = nn.Sequential()
        for stage in range(3):
            outputs = 16 * width * 2**stage
            for position in range((depth - 2) // 6):
                stride = 2 if stage > 0 and position == 0 else 1
                self.blocks.append(BasicBlock(channels, outputs, stride))
                channels = outputs
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits [batch, classes]."""
        features = self.pool(self.blocks(functional.relu(self.norm(self.stem(images)))))
        logits: torch.Tensor = self.classifier(features.flatten(1))
        return logits


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions with batch norm, added to the input."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        inner = functional.relu(self.norm1(self.conv1(features)))
        return functional.relu(self.norm2(self.conv2(inner)) + self.shortcut(features))


def resnet32(classes: int = 10, width: int = 1) -> CifarResNet:
    """Return ResNet-32."""
    return CifarResNet(32, classes, width)
