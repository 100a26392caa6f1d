"""The same elements in the same order under another shape."""

import math
from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.operators.base import Arrays, Operator, Shapes, expect_reads
from tinygmp.graph.values import Shape


@dataclass(frozen=True)
class Reshape(Operator):
    """Rows, columns, channels in that order; flattening is a shape of (elements,)."""

    shape: Shape

    def written(self, node: str, reads: Shapes) -> Shapes:
        expect_reads(node, reads, 1)
        if math.prod(reads[0]) != math.prod(self.shape):
            raise ConfigError(
                f"layer '{node}': shape {reads[0]} cannot become {self.shape}; elements must be as many"
            )
        return (self.shape,)

    def run(self, *reads: np.ndarray) -> Arrays:
        return (reads[0].reshape(len(reads[0]), *self.shape),)
