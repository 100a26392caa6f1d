"""What convolutions and fully connected layers share: weights, biases and a clamp."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.operators.base import Operator
from tinygmp.graph.operators.limits import NO_LIMITS, Limits


@dataclass(frozen=True)
class Linear(Operator):
    """y = clamp(weights @ x + bias); weights: float32 [outputs, columns], bias: float32 [outputs]."""

    weights: np.ndarray
    bias: np.ndarray
    limits: Limits = NO_LIMITS

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or self.bias.shape != (len(self.weights),) or not self.weights.size:
            raise ConfigError(
                f"weights {self.weights.shape} and bias {self.bias.shape}: use [outputs, columns] and [outputs]"
            )

    @property
    def outputs(self) -> int:
        return len(self.weights)

    def sums(self, x: np.ndarray) -> np.ndarray:
        """Return float32 sums [batch, ..., outputs] with their bias, before the clamp."""
        raise NotImplementedError

    def by_channel(self) -> np.ndarray:
        """Return the weights as [outputs, positions, input channels], of a depthwise layer its own as channel 0."""
        raise NotImplementedError

    def weights_by_name(self) -> dict[str, np.ndarray]:
        return {"weights": self.weights}

    def with_weights(self, matrices: Mapping[str, np.ndarray]) -> Self:
        return replace(self, weights=matrices.get("weights", self.weights))
