"""How a pruner makes its masks: by a criterion over all weights, or by ranks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tinygmp.cost.goal import Goal
from tinygmp.prune.baselines import Criterion
from tinygmp.prune.global_magnitude import global_magnitude_mask, prune_count
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.minimum import Minimum, checked_floors
from tinygmp.prune.objective import Costs, mask_for
from tinygmp.prune.ranks import LowRankPair, rank_mask
from tinygmp.prune.scores import Weights

MakeMask = Callable[[Weights, float, PruneMask | None], PruneMask]


@dataclass(frozen=True)
class ByCriterion:
    """An unstructured criterion with a minimum threshold."""

    criterion: Criterion
    minimum: Minimum

    def __call__(self, weights: Weights, sparsity: float, previous: PruneMask | None) -> PruneMask:
        return self.criterion(weights, sparsity, self.minimum, previous=previous)

    def expect_room(self, sizes: Mapping[str, int], sparsity: float) -> None:
        """Raise ConfigError when the minimum takes more weights than the sparsity leaves."""
        total = sum(sizes.values())
        checked_floors(self.minimum, sizes, total - prune_count(total, sparsity))


@dataclass(frozen=True)
class ByGoal:
    """Squared magnitudes against what each weight costs; with a budget the sparsity of the schedule only says when."""

    goal: Goal
    costs: Costs
    minimum: Minimum

    def __call__(self, weights: Weights, sparsity: float, previous: PruneMask | None) -> PruneMask:
        squares = {
            name: np.square(
                np.asarray(weight.detach().cpu() if hasattr(weight, "detach") else weight, np.float64)
            )
            for name, weight in weights.items()
        }
        return mask_for(self.goal, squares, self.costs, sparsity, self.minimum)


@dataclass(frozen=True)
class ByRanks:
    """Given ranks of given pairs, all other weights whole."""

    ranks: Mapping[LowRankPair, int]

    def __call__(self, weights: Weights, sparsity: float, previous: PruneMask | None) -> PruneMask:
        kept = {name: np.ones(tuple(weight.shape), dtype=bool) for name, weight in weights.items()}
        return PruneMask(kept | dict(rank_mask(weights, self.ranks).kept))


def by_criterion(criterion: Criterion = global_magnitude_mask, minimum: Minimum = None) -> ByCriterion:
    """Return the mask maker of an unstructured criterion with a minimum threshold."""
    return ByCriterion(criterion, minimum)


def by_ranks(ranks: Mapping[LowRankPair, int]) -> ByRanks:
    """Return the mask maker that keeps the given ranks; the sparsity of the schedule only says when."""
    return ByRanks(ranks)
