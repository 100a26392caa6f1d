"""The k-th smallest score over many arrays, exactly, without joining them.

A strided sample brackets the answer; one pass counts what lies below the bracket and collects what lies
inside it; a partition of the few collected scores finishes. Peak extra memory is one chunk and the bracket's
content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

CHUNK = 1 << 16  # scores handled at once: small enough for the second-level cache
SAMPLE = 1 << 16


@dataclass(frozen=True)
class ScoreArray:
    """Scores of one layer: read(start, stop, step) gives a flat float array that the caller may overwrite."""

    name: str
    size: int
    read: Callable[[int, int, int], np.ndarray]

    def chunks(self) -> Iterator[tuple[int, np.ndarray]]:
        for start in range(0, self.size, CHUNK):
            yield start, self.read(start, min(start + CHUNK, self.size), 1)


@dataclass(frozen=True)
class Cut:
    """Scores below threshold go; of those equal to it, the number `ties` goes too."""

    threshold: float
    ties: int


def kth_smallest_cut(arrays: list[ScoreArray], count: int) -> Cut:
    """Return the cut that removes exactly the `count` smallest scores (0 < count <= all)."""
    total = sum(array.size for array in arrays)
    stride = max(1, total // SAMPLE)
    sample = np.sort(np.concatenate([array.read(0, array.size, stride) for array in arrays]))
    centre = count / total * (len(sample) - 1)
    for margin in (4.0 * np.sqrt(len(sample)) / 2 + 2, len(sample)):
        low = sample[int(centre - margin)] if centre - margin > 0 else -np.inf
        high = sample[int(centre + margin)] if centre + margin < len(sample) else np.inf
        cut = _cut_inside(arrays, count, low, high)
        if cut is not None:
            return cut
    raise AssertionError("the unbounded bracket holds every score")


def _cut_inside(arrays: list[ScoreArray], count: int, low: float, high: float) -> Cut | None:
    below = 0
    inside: list[np.ndarray] = []
    for array in arrays:
        for _, scores in array.chunks():
            below += int(np.count_nonzero(scores < low))
            inside.append(scores[(scores >= low) & (scores <= high)])
    rank = count - below - 1
    collected = np.concatenate(inside)
    if not 0 <= rank < len(collected):
        return None
    collected.partition(rank)
    threshold = collected[rank]
    return Cut(threshold, rank + 1 - int(np.count_nonzero(collected[:rank] < threshold)))
