"""The mean over rows and columns."""

from dataclasses import dataclass

import numpy as np

from tinygmp.floats.operators.base import Arrays, Operator, Shapes, as_maps, expect_map, expect_reads


@dataclass(frozen=True)
class GlobalAveragePool(Operator):
    """Writes one position, (1, 1, channels)."""

    def written(self, node: str, reads: Shapes) -> Shapes:
        expect_reads(node, reads, 1)
        return ((1, 1, expect_map(node, reads[0])[2]),)

    def run(self, *reads: np.ndarray) -> Arrays:
        # Image by image, so that an answer hangs on no other image of the batch.
        means = [image.mean(axis=(0, 1), keepdims=True) for image in as_maps(reads[0])]
        return (np.stack(means) if means else reads[0][:, :1, :1],)
