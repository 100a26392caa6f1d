"""Global Magnitude Pruning: one ranking over all prunable weights of a network.

Which weights go is exact and deterministic. The count is round(sparsity * weights), halves to even, as in
torch.nn.utils.prune. Of equal magnitudes the weight that comes later goes first; weights are ordered by
parameter name, then row-major position, so the order of the mapping does not matter.
"""

from __future__ import annotations

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.prune.cut import ScoreArray
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.minimum import Minimum, checked_floors
from tinygmp.prune.ranking import rank
from tinygmp.prune.schedule import check_sparsity
from tinygmp.prune.scores import Weights, magnitude_scores


def global_magnitude_mask(
    weights: Weights, sparsity: float, minimum: Minimum = None, previous: PruneMask | None = None
) -> PruneMask:
    """Return the mask that prunes the smallest magnitudes of all parameters together.

    sparsity: fraction of zeros in [0, 1). minimum: what every layer keeps at least; the budget that it
    refuses is re-ranked over all other layers (Global MP, arXiv 2209.14624, section 3), so the total stays
    exact. previous: a mask whose pruned weights stay pruned (monotone pruning); without it the mask may
    revive weights. Raises ConfigError for no weights, weights that are not finite, a sparsity out of range
    or below that of `previous`, or a minimum that the sparsity leaves no room for.
    """
    return ranked_mask(magnitude_scores(weights, previous), weights, sparsity, minimum, previous)


def prune_count(total: int, sparsity: float) -> int:
    """Return how many of `total` weights a sparsity prunes: the nearest integer, halves to even."""
    return round(check_sparsity(sparsity, "pruning") * total)


def ranked_mask(
    scores: list[ScoreArray],
    weights: Weights,
    sparsity: float,
    minimum: Minimum = None,
    previous: PruneMask | None = None,
) -> PruneMask:
    """Return the mask that prunes the lowest of any scores, as global_magnitude_mask does with magnitudes."""
    sizes = {array.name: array.size for array in scores}
    total = sum(sizes.values())
    to_prune = prune_count(total, sparsity)
    alive = sizes if previous is None else {name: int(np.count_nonzero(previous[name])) for name in sizes}
    if total - to_prune > sum(alive.values()):
        raise ConfigError(
            f"sparsity {sparsity} keeps {total - to_prune} weights, the previous mask only "
            f"{sum(alive.values())}; raise the sparsity or leave the mask free"
        )
    floors = checked_floors(minimum, sizes, total - to_prune)
    most = {name: size - min(floors[name], alive[name]) for name, size in sizes.items()}
    return shaped(rank(scores, to_prune, most), weights)


def shaped(flat_masks: dict[str, np.ndarray], weights: Weights) -> PruneMask:
    """Return flat masks in the shapes of the weights, in the order of the weights."""
    return PruneMask({name: flat_masks[name].reshape(tuple(array.shape)) for name, array in weights.items()})
