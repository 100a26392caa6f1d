"""Pixels as a network was trained on them."""

from dataclasses import dataclass

import numpy as np

from tinygmp.floats.operators.base import Arrays, Operator, Shapes, expect_reads


@dataclass(frozen=True)
class PixelInput(Operator):
    """Reads uint8 pixels, writes scale * (pixel - zero)."""

    scale: float = 1 / 127.5
    zero: float = 127.5

    def written(self, node: str, reads: Shapes) -> Shapes:
        expect_reads(node, reads, 1)
        return (reads[0],)

    def run(self, *reads: np.ndarray) -> Arrays:
        return (((reads[0].astype(np.float32) - self.zero) * self.scale).astype(np.float32),)
