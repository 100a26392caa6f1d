"""Pools: the largest and the mean."""

import numpy as np

from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.graph.reference.convolution import patches
from tinygmp.graph.reference.execute import Execute, Values


def max_pool(operator: MaxPool, reads: Values, writes: Values) -> Execute:
    low, high = operator.limits.integers(writes[0])

    def execute(x: np.ndarray) -> tuple[np.ndarray, ...]:
        # The border is below every int8, so that it never wins.
        seen = patches(x.reshape(len(x), *reads[0].map_shape).astype(np.int16), operator.window, border=-256)
        return (np.clip(seen.max(axis=(3, 4)), low, high).astype(np.int8),)

    return execute


def average_pool(operator: AveragePool, reads: Values, writes: Values) -> Execute:
    low, high = operator.limits.integers(writes[0])
    inside = patches(np.ones((1, *reads[0].map_shape), np.int64), operator.window).sum(axis=(3, 4))

    def execute(x: np.ndarray) -> tuple[np.ndarray, ...]:
        seen = patches(x.reshape(len(x), *reads[0].map_shape).astype(np.int64), operator.window)
        return (np.clip(rounded_mean(seen.sum(axis=(3, 4)), inside), low, high).astype(np.int8),)

    return execute


def global_average_pool(operator: GlobalAveragePool, reads: Values, writes: Values) -> Execute:
    low, high = writes[0].limits

    def execute(x: np.ndarray) -> tuple[np.ndarray, ...]:
        sums = x.reshape(len(x), -1, reads[0].channels).astype(np.int64).sum(axis=1)
        if operator.rescales:
            mean = np.clip(operator.scaling(reads[0], writes[0]).apply(sums), low, high)
        else:
            mean = rounded_mean(sums, np.int64(reads[0].positions))
        return (mean.reshape(len(x), *writes[0].shape).astype(np.int8),)

    return execute


def rounded_mean(total: np.ndarray, count: np.ndarray | np.int64) -> np.ndarray:
    """Return int64 total / count, rounded half away from zero."""
    magnitude = (np.abs(total) + count // 2) // count
    return np.where(total < 0, -magnitude, magnitude)
