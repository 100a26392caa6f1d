"""The minimum threshold as the paper's published code spends it: rescaled layer sparsities, no second
ranking.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.prune.global_magnitude import global_magnitude_mask, prune_count, shaped
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.minimum import Minimum, checked_floors
from tinygmp.prune.ranking import lowest
from tinygmp.prune.scores import Weights, magnitude_scores


def rescaled_global_magnitude_mask(
    weights: Weights, sparsity: float, minimum: Minimum = None, previous: PruneMask | None = None
) -> PruneMask:
    """Return the mask of the published code: layers keep the proportions of the plain global ranking.

    Each layer's sparsity under the plain ranking is multiplied by one common factor, layers no larger than
    the minimum stay dense, no layer is taken below the minimum, and the factor is what meets the total. Then
    each layer prunes its own smallest weights. global_magnitude_mask instead ranks all free weights again:
    it moves the refused budget to the smallest weights wherever they are, this one in proportion to what
    each layer has already lost. The published loop stops at the same factor but truncates counts; here the
    total is exact. Raises ConfigError as global_magnitude_mask, and where the factor cannot meet the total.
    """
    plain = global_magnitude_mask(weights, sparsity, previous=previous)
    sizes = {name: array.size for name, array in plain.kept.items()}
    to_prune = prune_count(plain.size, sparsity)
    floors = checked_floors(minimum, sizes, plain.size - to_prune)
    most = {name: sizes[name] - floors[name] for name in sizes}
    if previous is not None:
        most = {
            name: max(limit, previous[name].size - previous.layer_nnz()[name]) for name, limit in most.items()
        }
    lost = {name: sizes[name] - nnz if most[name] else 0 for name, nnz in plain.layer_nnz().items()}
    counts = scaled_counts(lost, most, to_prune)
    masks: dict[str, np.ndarray] = {}
    for array in magnitude_scores(weights, previous):
        masks |= lowest(array, counts[array.name])
    return shaped(masks, weights)


def scaled_counts(lost: Mapping[str, float], most: Mapping[str, int], total: int) -> dict[str, int]:
    """Return whole counts min(factor * lost, most) that sum to total, rounded by largest remainder.

    Raises ConfigError when even every `most` of the layers that lose something stays below the total.
    """
    reachable = sum(most[name] for name in lost if lost[name] > 0)
    if reachable < total:
        raise ConfigError(
            f"rescaling cannot prune {total} weights: layers that lose any may give {reachable}; lower the "
            "minimum, or use global_magnitude_mask, which ranks again"
        )
    bound: set[str] = set()
    while True:
        free = {name: lost[name] for name in lost if name not in bound and lost[name] > 0}
        left = total - sum(most[name] for name in bound)
        factor = left / sum(free.values()) if free else 0.0
        over = {name for name in free if factor * free[name] > most[name]}
        if not over:
            break
        bound |= over
    exact = {name: float(most[name]) if name in bound else factor * lost[name] for name in lost}
    return _rounded(exact, most, total)


def _rounded(exact: Mapping[str, float], most: Mapping[str, int], total: int) -> dict[str, int]:
    counts = {name: min(int(value), most[name]) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (counts[name] - exact[name], name))
    while (left := total - sum(counts.values())) > 0:
        for name in [name for name in by_remainder if counts[name] < most[name]][:left]:
            counts[name] += 1
    return counts
