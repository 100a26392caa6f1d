"""Wide residual networks for CIFAR (Zagoruyko and Komodakis 2016): WRN-depth-width."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tinygmp.errors import ConfigError


class WideResNet(nn.Module):
    """WRN-depth-widen for images [batch, 3, 32, 32], pre-activation blocks, dropout between the convolutions.

    WRN-28-8 has 23,340,464 prunable weights with 10 classes.
    """

    def __init__(self, depth: int = 28, widen: int = 8, classes: int = 10, dropout: float = 0.0) -> None:
        super().__init__()
        if depth < 10 or (depth - 4) % 6:
            raise ConfigError(f"WideResNet: depth {depth} is not 6n + 4; use 16, 22, 28 or 40")
        if not 0.0 <= dropout < 1.0:
            raise ConfigError(f"WideResNet: dropout {dropout} is outside [0, 1); the paper's is 0.3")
        channels = 16
        self.stem = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        self.blocks = nn.Sequential()
        for stage in range(3):
            outputs = 16 * widen * 2**stage
            for position in range((depth - 4) // 6):
                stride = 2 if stage > 0 and position == 0 else 1
                self.blocks.append(PreActivationBlock(channels, outputs, stride, dropout))
                channels = outputs
        self.norm = nn.BatchNorm2d(channels)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits [batch, classes]."""
        features = self.pool(functional.relu(self.norm(self.blocks(self.stem(images)))))
        logits: torch.Tensor = self.classifier(features.flatten(1))
        return logits


class PreActivationBlock(nn.Module):
    """Batch norm, ReLU, 3 x 3 convolution, twice; a 1 x 1 shortcut after the first ReLU where channels
    change.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if inputs != outputs else None

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        active = functional.relu(self.norm1(features))
        inner = self.dropout(functional.relu(self.norm2(self.conv1(active))))
        carried = features if self.shortcut is None else self.shortcut(active)
        result: torch.Tensor = self.conv2(inner) + carried
        return result
