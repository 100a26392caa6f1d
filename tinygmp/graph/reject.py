"""When a model answers 'none of these': a cell's state that is far from those of the class it would answer."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tinygmp.errors import ConfigError

if TYPE_CHECKING:
    from tinygmp.graph.model import PackedModel

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


def judged_state(model: "PackedModel") -> str:
    """Return the state, int8, whose distance decides; raises ConfigError for a model that has none."""
    writer = model.writer(model.outputs[0])
    read = writer.reads[0] if writer else ""
    for state in model.states:
        if state.written == read and model.values[read].dtype == "int8":
            return state.read
    raise ConfigError(
        f"model '{model.name}': only a network of windows whose classes are told from a state of int8, as FastGRNN's "
        "is, can answer 'none of these'"
    )


def check_reject(model: "PackedModel") -> None:
    """Raise ConfigError where the centroids are not those of the model's classes and state."""
    if model.reject is None:
        return
    expected = (model.output.size, model.values[judged_state(model)].size)
    centroids, limit = model.reject.centroids, model.reject.limit
    if not model.labels or model.output.size >= NONE:
        raise ConfigError(
            f"model '{model.name}' needs 1 to {NONE - 1} labelled classes to answer 'none of these'"
        )
    if centroids.dtype != np.int8 or centroids.shape != expected:
        raise ConfigError(
            f"model '{model.name}': centroids are {centroids.dtype} {centroids.shape}, expected int8 {expected}"
        )
    if type(limit) is not int or not 0 <= limit <= LARGEST_LIMIT:
        raise ConfigError(f"model '{model.name}': the distance limit {limit} is outside 0..{LARGEST_LIMIT}")
