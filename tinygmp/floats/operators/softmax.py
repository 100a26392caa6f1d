"""Shares of one from logits."""

from dataclasses import dataclass

import numpy as np

from tinygmp.floats.operators.base import Arrays, Operator, Shapes, expect_reads


@dataclass(frozen=True)
class Softmax(Operator):
    """Over the channels."""

    def written(self, node: str, reads: Shapes) -> Shapes:
        expect_reads(node, reads, 1)
        return (reads[0],)

    def run(self, *reads: np.ndarray) -> Arrays:
        powers = np.exp(reads[0] - reads[0].max(axis=-1, keepdims=True))
        return (powers / powers.sum(axis=-1, keepdims=True),)
