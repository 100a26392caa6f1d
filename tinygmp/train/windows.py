"""Train a FastGRNN on windows in the sensor's units: normalised, augmented, scored on sets that take no part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.models.fastgrnn import FastGrnnClassifier
from tinygmp.train.augment import Augmentation, WindowBatches
from tinygmp.train.evaluate import accuracy
from tinygmp.train.fit import Epoch, FitResult, Observer, fit
from tinygmp.train.settings import WindowSettings

OnEpoch = Callable[[Epoch], None]


class WindowSet(Protocol):
    """Windows float32 [n, steps, channels] in the sensor's units, and class numbers int64 [n]."""

    @property
    def windows(self) -> np.ndarray: ...

    @property
    def labels(self) -> np.ndarray: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class WindowTask:
    """What is learned. scored: sets by name whose accuracy the history tells; empty ones are left out."""

    train: WindowSet
    scored: Mapping[str, WindowSet]
    scaling: SensorScaling
    classes: int
    augmentation: Augmentation

    def network(self, hidden: int, w_rank: int, u_rank: int, seed: int) -> FastGrnnClassifier:
        """Return an untrained network; rank 0 is full rank."""
        generator = torch.Generator().manual_seed(seed)
        channels = self.train.windows.shape[-1]
        return FastGrnnClassifier(channels, hidden, self.classes, w_rank, u_rank, generator=generator)

    def measures(self) -> dict[str, Callable[[FastGrnnClassifier], float]]:
        """Return for each set the function that measures a network's accuracy on it, in per cent."""

        def on(part: WindowSet) -> Callable[[FastGrnnClassifier], float]:
            windows = ((part.windows - self.scaling.mean) / self.scaling.std).astype(np.float32)
            return lambda network: accuracy(network, windows, part.labels)

        return {name: on(part) for name, part in self.scored.items() if len(part)}


def train_windows(
    task: WindowTask,
    network: FastGrnnClassifier,
    settings: WindowSettings,
    on_epoch: OnEpoch,
    checkpoint: Path | None,
) -> FitResult:
    """Train a network in place; with `checkpoint` a stopped training continues to the bit-identical result."""
    torch.set_num_threads(1)  # sums in one order: the same result whatever the number of cores
    batches = WindowBatches(task.train, task.scaling, task.augmentation)
    return fit(network, batches, task.train.labels, settings, Observer(on_epoch, task.measures()), checkpoint)
