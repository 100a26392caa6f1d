"""Sums of two values, and softmax."""

import numpy as np

from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.softmax import ZERO_POINT, Softmax
from tinygmp.graph.reference.execute import Execute, Values


def add(operator: Add, reads: Values, writes: Values) -> Execute:
    by = operator.factors(reads[0], reads[1], writes[0])
    low, high = operator.limits.integers(writes[0])

    def execute(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, ...]:
        total = by.bias + a.astype(np.int64) * by.multiplier_a + b.astype(np.int64) * by.multiplier_b
        return (np.clip((total >> by.shift) + writes[0].zero_point, low, high).astype(np.int8),)

    return execute


def softmax(operator: Softmax, reads: Values, writes: Values) -> Execute:
    entries = operator.table(reads[0]).astype(np.int64)

    def execute(x: np.ndarray) -> tuple[np.ndarray, ...]:
        wide = x.astype(np.int64)
        below = np.minimum(wide.max(axis=-1, keepdims=True) - wide, len(entries) - 1)
        parts = entries[below]
        total = parts.sum(axis=-1, keepdims=True)
        return ((np.minimum(255, (256 * parts + total // 2) // total) + ZERO_POINT).astype(np.int8),)

    return execute
