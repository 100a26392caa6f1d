"""Gather int8 weights into few values: the codebook with the least squared error."""

import numpy as np

from tinygmp.errors import FormatError


def cluster(q: np.ndarray, entries: int) -> np.ndarray:
    """Return int8 weights of the shape of q with at most `entries` values other than zero; zeros stay zero.

    One-dimensional k-means solved exactly by dynamic programming over the histogram (Wang and Song 2011), so no
    entry is empty and none depends on a start. No cluster joins signs, so no survivor becomes zero.
    """
    if q.dtype != np.int8 or entries < 2:
        raise FormatError(f"weights are {q.dtype} for {entries} entries, expected int8 and at least 2")
    values, counts = np.unique(q[q != 0].astype(np.int64), return_counts=True)
    if len(values) <= entries:
        return q.copy()
    centre_of = np.zeros(256, np.int8)
    for low, high in boundaries(values, counts, entries):
        centre = np.rint(np.average(values[low:high], weights=counts[low:high]))
        centre_of[values[low:high].astype(np.int8).view(np.uint8)] = centre
    return centre_of[q.view(np.uint8)]


def boundaries(values: np.ndarray, counts: np.ndarray, entries: int) -> list[tuple[int, int]]:
    """Return the ranges [low, high) of ascending values that make the best clusters."""
    error = squared_errors(values, counts)
    least = error[0].copy()  # of the first j values in one cluster
    last_start = []
    for _ in range(entries - 1):
        total = least[:, None] + error
        last_start.append(total.argmin(axis=0))
        least = total.min(axis=0)
    ranges, high = [], len(values)
    for start in reversed(last_start):
        ranges.append((int(start[high]), high))
        high = int(start[high])
    ranges.append((0, high))
    return [(low, high) for low, high in reversed(ranges) if high > low]


def squared_errors(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return [n + 1, n + 1]: the squared error of one cluster of values[low:high]; inf where it joins signs."""
    weight, first, second = (
        np.concatenate([[0.0], np.cumsum(counts * values.astype(float) ** power)]) for power in range(3)
    )
    mass = weight[None, :] - weight[:, None]
    spread = (second[None, :] - second[:, None]) - (first[None, :] - first[:, None]) ** 2 / np.where(
        mass, mass, 1
    )
    low, high = np.indices(spread.shape)
    negative = int((values < 0).sum())
    spread[(low > high) | ((low < negative) & (high > negative))] = np.inf
    return spread
