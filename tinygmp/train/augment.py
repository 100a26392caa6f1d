"""Augmentation of sensor windows: the sensor sits a little differently each time."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from tinygmp.floats.operators.sensor_input import SensorScaling


@dataclass(frozen=True)
class Augmentation:
    """rotation_degrees: deviation of a random 3-D rotation, the same for all x, y, z triples of a window;
    noise: deviation of white noise, in units of the normalised channels."""

    rotation_degrees: float = 14.0
    noise: float = 0.05


class HasWindows(Protocol):
    """Anything with windows float32 [n, steps, channels] in the sensor's units."""

    @property
    def windows(self) -> np.ndarray: ...


class WindowBatches:
    """Makes normalised, augmented batches of a set's windows; all chance comes from the caller's generator."""

    def __init__(self, split: HasWindows, scaling: SensorScaling, augmentation: Augmentation) -> None:
        self.windows = torch.from_numpy(split.windows)
        self.mean = torch.from_numpy(scaling.mean).float()
        self.std = torch.from_numpy(scaling.std).float()
        self.augmentation = augmentation

    def __call__(self, chosen: Tensor, generator: torch.Generator) -> Tensor:
        """Return float32 [batch, steps, channels]."""
        x = self.windows[chosen]
        if self.augmentation.rotation_degrees:
            rotations = random_rotations(len(x), self.augmentation.rotation_degrees, generator)
            x = (x.reshape(len(x), -1, 3) @ rotations.transpose(1, 2)).reshape(x.shape)
        x = (x - self.mean) / self.std
        if self.augmentation.noise:
            x = x + self.augmentation.noise * torch.randn(x.shape, generator=generator)
        return x


def random_rotations(count: int, degrees: float, generator: torch.Generator) -> Tensor:
    """Return rotation matrices [count, 3, 3] about random axes by normal angles (Rodrigues' formula)."""
    axes = torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=1)
    angles = torch.randn(count, 1, 1, generator=generator) * math.radians(degrees)
    x, y, z = axes.unbind(dim=1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=1).view(count, 3, 3)
    return torch.eye(3) + angles.sin() * cross + (1 - angles.cos()) * (cross @ cross)
