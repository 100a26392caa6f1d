"""ResNet-50 (He et al. 2016) in the common form with the stride in the 3 x 3 convolution."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

# (inner channels, blocks, stride of the first block); outputs are four times the inner channels
STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))


class ResNet50(nn.Module):
    """ResNet-50 for images [batch, 3, height, width]; 25,502,912 prunable weights with 1,000 classes."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.norm = nn.BatchNorm2d(64)
        self.stem_pool = nn.MaxPool2d(3, 2, 1)
        self.blocks = nn.Sequential()
        channels = 64
        for inner, count, first_stride in STAGES:
            for position in range(count):
                self.blocks.append(Bottleneck(channels, inner, first_stride if position == 0 else 1))
                channels = 4 * inner
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits [batch, classes]."""
        features = self.stem_pool(functional.relu(self.norm(self.stem(images))))
        logits: torch.Tensor = self.classifier(self.pool(self.blocks(features)).flatten(1))
        return logits


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions with batch norm, added to the input."""

    def __init__(self, inputs: int, inner: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * inner
        self.conv1 = nn.Conv2d(inputs, inner, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, outputs, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        inner = functional.relu(self.norm1(self.conv1(features)))
        inner = functional.relu(self.norm2(self.conv2(inner)))
        return functional.relu(self.norm3(self.conv3(inner)) + self.shortcut(features))
