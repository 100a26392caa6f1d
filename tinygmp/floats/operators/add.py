"""The sum of two values of one shape."""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.operators.base import Arrays, Operator, Shapes, clamped, expect_reads
from tinygmp.graph.operators.limits import NO_LIMITS, Limits


@dataclass(frozen=True)
class Add(Operator):
    """y = clamp(a + b)."""

    limits: Limits = NO_LIMITS

    def written(self, node: str, reads: Shapes) -> Shapes:
        expect_reads(node, reads, 2)
        if reads[0] != reads[1]:
            raise ConfigError(f"layer '{node}' adds shapes {reads[0]} and {reads[1]}; they must be equal")
        return (reads[0],)

    def run(self, *reads: np.ndarray) -> Arrays:
        return (clamped(self.limits, reads[0] + reads[1]),)
