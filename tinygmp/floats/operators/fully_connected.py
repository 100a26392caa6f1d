"""A matrix times all of a value."""

import math
from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.operators.base import Arrays, Shapes, clamped, expect_reads
from tinygmp.floats.operators.linear import Linear


@dataclass(frozen=True)
class FullyConnected(Linear):
    """Weights [outputs, inputs]; a map is read as rows, columns, channels in that order."""

    def written(self, node: str, reads: Shapes) -> Shapes:
        expect_reads(node, reads, 1)
        if self.weights.shape[1] != math.prod(reads[0]):
            raise ConfigError(
                f"layer '{node}' takes {self.weights.shape[1]} inputs, it reads {math.prod(reads[0])}"
            )
        return ((self.outputs,),)

    def run(self, *reads: np.ndarray) -> Arrays:
        return (clamped(self.limits, self.sums(reads[0])),)

    def sums(self, x: np.ndarray) -> np.ndarray:
        return (x.reshape(len(x), 1, -1) @ self.weights.T)[:, 0] + self.bias

    def by_channel(self) -> np.ndarray:
        return self.weights.reshape(self.outputs, 1, -1)
