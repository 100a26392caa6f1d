"""Values side by side."""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.operators.base import Arrays, Operator, Shapes


@dataclass(frozen=True)
class Concatenate(Operator):
    """Joins values along an axis counted from the last one: -1 channels, -2 columns, -3 rows."""

    axis: int = -1

    def written(self, node: str, reads: Shapes) -> Shapes:
        if not reads or not -len(reads[0]) <= self.axis <= -1:
            raise ConfigError(f"layer '{node}': axis {self.axis} of shapes {reads}; count from the end, -1")
        shape = list(reads[0])
        for other in reads[1:]:
            rest = list(other)
            if len(rest) == len(shape):
                rest[self.axis] = shape[self.axis]
            if rest != shape:
                raise ConfigError(
                    f"layer '{node}' joins shapes {reads}; they may differ along axis {self.axis} only"
                )
        shape[self.axis] = sum(other[self.axis] for other in reads)
        return (tuple(shape),)

    def run(self, *reads: np.ndarray) -> Arrays:
        return (np.concatenate(reads, axis=self.axis),)
