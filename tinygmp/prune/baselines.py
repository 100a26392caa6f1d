"""Other ways to spread the same budget, in the interface of global_magnitude_mask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.prune.global_magnitude import global_magnitude_mask, prune_count, ranked_mask, shaped
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.minimum import Minimum, checked_floors
from tinygmp.prune.ranking import lowest
from tinygmp.prune.rescaled import rescaled_global_magnitude_mask, scaled_counts
from tinygmp.prune.scores import Weights, checked_weights, magnitude_scores, random_scores, scaled_scores


class Criterion(Protocol):
    """Makes a mask of a given sparsity; every criterion prunes exactly the same number of weights."""

    def __call__(
        self, weights: Weights, sparsity: float, minimum: Minimum = None, previous: PruneMask | None = None
    ) -> PruneMask: ...


def uniform_mask(
    weights: Weights, sparsity: float, minimum: Minimum = None, previous: PruneMask | None = None
) -> PruneMask:
    """Return the mask that prunes the smallest weights of every layer, the same fraction of each."""
    sizes = {name: float(flat.size) for name, flat in checked_weights(weights).items()}
    return _allocated(weights, sparsity, sizes, minimum, previous)


def erdos_renyi_kernel_mask(
    weights: Weights, sparsity: float, minimum: Minimum = None, previous: PruneMask | None = None
) -> PruneMask:
    """Return the mask whose layers keep a density proportional to sum(dimensions) / product(dimensions).

    Layers whose density would exceed 1 stay dense and the others share the rest; within a layer the smallest
    magnitudes go. Source: Evci et al. 2020 (RigL), section 3, after Mocanu et al. 2018.
    """
    checked_weights(weights)
    sizes = {name: int(np.prod(tuple(array.shape))) for name, array in weights.items()}
    total = sum(sizes.values())
    keep = total - prune_count(total, sparsity)
    kept = scaled_counts({name: float(sum(array.shape)) for name, array in weights.items()}, sizes, keep)
    return _allocated(weights, sparsity, {n: float(sizes[n] - kept[n]) for n in sizes}, minimum, previous)


def layerwise_magnitude_mask(
    weights: Weights, sparsity: float, minimum: Minimum = None, previous: PruneMask | None = None
) -> PruneMask:
    """Return the mask that cuts every layer at one multiple of its own root mean square.

    Source: Han et al. 2015 ("a quality parameter multiplied by the standard deviation of a layer's weights");
    the multiple is the one that meets the sparsity.
    """
    return ranked_mask(scaled_scores(weights, previous), weights, sparsity, minimum, previous)


def random_mask(
    weights: Weights,
    sparsity: float,
    minimum: Minimum = None,
    previous: PruneMask | None = None,
    seed: int = 0,
) -> PruneMask:
    """Return a mask of uniformly random positions over the whole network, the same for the same seed and
    names.
    """
    return ranked_mask(random_scores(weights, previous, seed), weights, sparsity, minimum, previous)


CRITERIA: Mapping[str, Callable[..., PruneMask]] = {
    "global": global_magnitude_mask,
    "global-rescaled": rescaled_global_magnitude_mask,
    "uniform": uniform_mask,
    "erdos-renyi-kernel": erdos_renyi_kernel_mask,
    "layerwise": layerwise_magnitude_mask,
    "random": random_mask,
}


def criterion(name: str) -> Criterion:
    """Return the criterion of this name, or raise ConfigError naming those that exist."""
    if name not in CRITERIA:
        raise ConfigError(f"criterion '{name}' is unknown; use one of {', '.join(CRITERIA)}")
    return CRITERIA[name]


def _allocated(
    weights: Weights,
    sparsity: float,
    share: Mapping[str, float],
    minimum: Minimum,
    previous: PruneMask | None,
) -> PruneMask:
    """Prune each layer's smallest weights, counts in proportion to `share` within floors and the previous
    mask.
    """
    scores = magnitude_scores(weights, previous)
    sizes = {array.name: array.size for array in scores}
    total = sum(sizes.values())
    to_prune = prune_count(total, sparsity)
    floors = checked_floors(minimum, sizes, total - to_prune)
    dead = {name: 0 if previous is None else int(np.count_nonzero(~previous[name])) for name in sizes}
    if sum(dead.values()) > to_prune:
        raise ConfigError(
            f"sparsity {sparsity} prunes {to_prune} weights, the previous mask already {sum(dead.values())}; "
            "raise the sparsity or leave the mask free"
        )
    most = {name: max(sizes[name] - floors[name], dead[name]) for name in sizes}
    counts = _at_least(scaled_counts(_spread(share, most, to_prune), most, to_prune), dead)
    masks: dict[str, np.ndarray] = {}
    for array in scores:
        masks |= lowest(array, counts[array.name])
    return shaped(masks, weights)


def _spread(share: Mapping[str, float], most: Mapping[str, int], total: int) -> dict[str, float]:
    """Let layers without a share take part only where the others cannot give the whole budget."""
    if sum(most[name] for name, value in share.items() if value > 0) >= total:
        return dict(share)
    return {name: max(value, 1e-9) for name, value in share.items()}


def _at_least(counts: dict[str, int], least: Mapping[str, int]) -> dict[str, int]:
    """Raise counts to what is pruned already and take the difference back from the other layers in name
    order.
    """
    raised = {name: max(count, least[name]) for name, count in counts.items()}
    excess = sum(raised.values()) - sum(counts.values())
    for name in sorted(raised, key=lambda name: (least[name] - raised[name], name)):
        back = min(excess, raised[name] - least[name])
        raised[name] -= back
        excess -= back
    return raised
