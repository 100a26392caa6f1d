"""When a model answers 'none of these': a cell's state that is far from those of the class it would answer."""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError

NONE = 255  # the answer 'none of these', beyond every class
LARGEST_LIMIT = (1 << 31) - 1


@dataclass(frozen=True, eq=False)
class Reject:
    """centroids: int8 [classes, units], the mean upper bytes of the state at the end of a window of each class.

    limit: the largest sum of absolute differences from the centroid of the answered class that still is that class.
    """

    centroids: np.ndarray
    limit: int

    def distances(self, top: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return int64 [batch]: how far int8 states [batch, units] are from the centroids of their classes."""
        return np.abs(top.astype(np.int64) - self.centroids[classes]).sum(axis=1)

    def answers(self, top: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return int64 [batch]: the classes, NONE where a state is too far away."""
        return np.where(self.distances(top, classes) > self.limit, NONE, classes)

    def check(self, model: str, labels: tuple[str, ...], classes: int, units: int) -> None:
        """Raise ConfigError where the centroids are not those of a model's classes and of its state's units."""
        if not labels or classes >= NONE:
            raise ConfigError(
                f"model '{model}' needs 1 to {NONE - 1} labelled classes to answer 'none of these'"
            )
        expected = (classes, units)
        centroids = self.centroids
        if centroids.dtype != np.int8 or centroids.shape != expected:
            raise ConfigError(
                f"model '{model}': centroids are {centroids.dtype} {centroids.shape}, expected int8 {expected}"
            )
        if type(self.limit) is not int or not 0 <= self.limit <= LARGEST_LIMIT:
            raise ConfigError(
                f"model '{model}': the distance limit {self.limit} is outside 0..{LARGEST_LIMIT}"
            )
