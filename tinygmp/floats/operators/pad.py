"""A border of zeros around a map."""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.operators.base import Arrays, Operator, Shapes, as_maps, expect_map, expect_reads


@dataclass(frozen=True)
class Pad(Operator):
    """padding: top, bottom, left, right."""

    padding: tuple[int, int, int, int]

    def written(self, node: str, reads: Shapes) -> Shapes:
        expect_reads(node, reads, 1)
        if min(self.padding) < 0:
            raise ConfigError(f"layer '{node}': padding {self.padding}: no side may be below 0")
        top, bottom, left, right = self.padding
        rows, columns, channels = expect_map(node, reads[0])
        return ((rows + top + bottom, columns + left + right, channels),)

    def run(self, *reads: np.ndarray) -> Arrays:
        top, bottom, left, right = self.padding
        return (np.pad(as_maps(reads[0]), ((0, 0), (top, bottom), (left, right), (0, 0))),)
