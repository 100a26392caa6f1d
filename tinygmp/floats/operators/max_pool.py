"""The largest value under a window."""

from dataclasses import dataclass, field

import numpy as np

from tinygmp.floats.operators.base import Arrays, Operator, Shapes, as_maps, clamped, expect_map, expect_reads
from tinygmp.floats.operators.conv2d import fitted
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.window import Window
from tinygmp.graph.reference.convolution import patches


@dataclass(frozen=True)
class MaxPool(Operator):
    """Of each channel; the border never wins. A window of one position is a clamp by itself."""

    window: Window = field(default_factory=Window)
    limits: Limits = NO_LIMITS

    def written(self, node: str, reads: Shapes) -> Shapes:
        expect_reads(node, reads, 1)
        rows, columns, channels = expect_map(node, reads[0])
        return (fitted(node, self.window, rows, columns, channels),)

    def run(self, *reads: np.ndarray) -> Arrays:
        seen = patches(as_maps(reads[0]), self.window, border=-np.inf)
        return (clamped(self.limits, seen.max(axis=(3, 4))),)
