"""What every float operator answers, and the checks that they share."""

from collections.abc import Mapping
from typing import Self

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.values import Shape

Shapes = tuple[Shape, ...]
Arrays = tuple[np.ndarray, ...]


class Operator:
    """A frozen record of what a node computes in float32; without weights unless it says so."""

    def written(self, node: str, reads: Shapes) -> Shapes:
        """Return the shapes of what the node writes; raises ConfigError, naming it, where it cannot read these."""
        raise NotImplementedError

    def run(self, *reads: np.ndarray) -> Arrays:
        """Return arrays [batch, *shape] of arrays [batch, *shape]."""
        raise NotImplementedError

    def weights_by_name(self) -> dict[str, np.ndarray]:
        """Return the prunable matrices by the name that follows the node's."""
        return {}

    def with_weights(self, matrices: Mapping[str, np.ndarray]) -> Self:
        """Return the record with other matrices of these names."""
        assert not matrices
        return self


def expect_reads(node: str, reads: Shapes, count: int) -> None:
    if len(reads) != count:
        raise ConfigError(f"layer '{node}' reads {len(reads)} values, expected {count}")


def expect_map(node: str, shape: Shape) -> tuple[int, int, int]:
    """Return (rows, columns, channels); a vector is a map of one position."""
    if len(shape) not in (1, 3):
        raise ConfigError(f"layer '{node}' reads shape {shape}; use (channels,) or (rows, columns, channels)")
    return (1, 1, shape[0]) if len(shape) == 1 else (shape[0], shape[1], shape[2])


def as_maps(x: np.ndarray) -> np.ndarray:
    """Return [batch, rows, columns, channels] of that or of [batch, channels]."""
    return x.reshape(len(x), 1, 1, -1) if x.ndim == 2 else x


def clamped(limits: Limits, x: np.ndarray) -> np.ndarray:
    return x if limits == NO_LIMITS else np.clip(x, limits.low, limits.high)
