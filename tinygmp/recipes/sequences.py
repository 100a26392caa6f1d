"""Windows of sensor data as training samples. No torch here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import DataError


@dataclass(frozen=True)
class Sequences:
    """Windows float32 [count, steps, channels] and labels [count], both as they are trained on."""

    windows: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        if self.windows.ndim != 3 or len(self.windows) != len(self.labels):
            raise DataError(
                f"windows {self.windows.shape} and labels {self.labels.shape}: expected [n, t, c] and [n]"
            )

    def __len__(self) -> int:
        return len(self.windows)

    def sample(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        """Return one window and its class number."""
        return self.windows[index], int(self.labels[index])


def normalised_by_train(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both sets with the training set's mean removed and divided by its deviation, per channel."""
    mean, deviation = train.mean((0, 1)), train.std((0, 1))
    scaled_train, scaled_test = (
        ((windows - mean) / deviation).astype(np.float32) for windows in (train, test)
    )
    return scaled_train, scaled_test
