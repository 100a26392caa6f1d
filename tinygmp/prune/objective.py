"""Global pruning that spends what matters on the target, bytes, flops or instructions: one list over all layers.

Taking a weight out adds about w^2 h / 2 to the loss, h the curvature (LeCun et al. 1990), and saves what the weight
costs. The least loss within a budget keeps the weights whose loss over cost is above one threshold, the Lagrange
multiplier of the budget. A layer that is no slower when it is stored without an index keeps all of its weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tinygmp.cost.goal import FLOPS, TIME, Goal
from tinygmp.cost.model import cost_model
from tinygmp.cost.work import DENSE, Work
from tinygmp.errors import ConfigError
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.minimum import Minimum, checked_floors

NOTHING = 1e-12  # the price of weights that cost nothing, to be divided by
STORAGE = "rice"  # what survivors are stored as where nothing else was said: the smallest of sparse layers


@dataclass(frozen=True)
class Price:
    """What one layer costs: `dense` with all of its `size` weights, else `fixed` and `each` for a weight that stays."""

    size: int
    each: float
    fixed: float
    dense: float

    def of(self, kept: int) -> float:
        return min(self.dense, self.fixed + self.each * kept)


@dataclass(frozen=True)
class Costs:
    """Costs by parameter; rest: of all layers that have no weights to prune."""

    unit: str
    prices: Mapping[str, Price]
    rest: float = 0.0

    def of(self, kept: Mapping[str, int]) -> float:
        """Return what a network costs that keeps so many weights of each parameter."""
        return self.rest + sum(layer.of(kept[name]) for name, layer in self.prices.items())

    @property
    def dense(self) -> float:
        return self.rest + sum(layer.dense for layer in self.prices.values())


def costs_of(objective: str, works: Mapping[str, Work], others: tuple[Work, ...] = ()) -> Costs:
    """Return what each layer costs for an objective; others: layers without weights.

    Raises ConfigError for a core without a cost model.
    """
    if objective.startswith(TIME):
        model = cost_model(objective.removeprefix(TIME))
        prices = {}
        for name, work in works.items():
            dense = model.predict(replace(work, nonzero=work.size, storage=DENSE)).instructions
            empty = replace(work, nonzero=0, storage=STORAGE)
            fixed = model.predict(empty).instructions
            prices[name] = Price(work.size, model.per_weight(empty), fixed, dense)
        rest = sum(model.predict(work).instructions for work in others)
        return Costs(f"instructions on {model.core}", prices, rest)
    uses = {name: float(work.positions if objective == FLOPS else 1) for name, work in works.items()}
    unit = "multiply-adds" if objective == FLOPS else "weights"
    return Costs(
        unit,
        {name: Price(works[name].size, each, 0.0, each * works[name].size) for name, each in uses.items()},
    )


def mask_for(
    goal: Goal, saliency: Mapping[str, np.ndarray], costs: Costs, sparsity: float, minimum: Minimum = None
) -> PruneMask:
    """Return the mask within the goal's budget, or else the sparsity's with the weights worth most for their cost.

    saliency: as in `mask_within`. Weights that cost nothing go last.
    """
    if goal.budget is not None:
        return mask_within(saliency, costs, goal.budget, minimum)
    worth = {}
    for name, array in saliency.items():
        each = costs.prices[name].each
        worth[name] = np.sqrt(np.asarray(array, np.float64) / (each or NOTHING))
    return global_magnitude_mask(worth, sparsity, minimum)


def mask_within(
    saliency: Mapping[str, np.ndarray], costs: Costs, most: float, minimum: Minimum = None
) -> PruneMask:
    """Return the mask of the largest saliencies over cost that costs `most` at most: one weight more would exceed it.

    saliency: what taking a weight out adds to the loss, in any unit, 0 or more, in the shapes of the weights. minimum:
    what every layer keeps at least. Raises ConfigError for a budget below what the minimum costs.
    """
    orders = {name: np.argsort(-flat, kind="stable") for name, flat in flattened(saliency).items()}
    sizes = {name: len(order) for name, order in orders.items()}
    floors = checked_floors(minimum, sizes, sum(sizes.values()))
    ranked = {}
    for name, flat in flattened(saliency).items():
        each = costs.prices[name].each
        ratios = flat[orders[name]] / each if each else np.full(sizes[name], np.inf)
        ranked[name] = np.where(np.arange(sizes[name]) < floors[name], np.inf, ratios)
    steps = np.unique(np.concatenate(list(ranked.values())))[::-1]  # thresholds, the highest first

    def kept(threshold: float) -> dict[str, int]:
        counts = {name: int((ratios >= threshold).sum()) for name, ratios in ranked.items()}
        return {name: whole(costs.prices[name], count) for name, count in counts.items()}

    least = costs.of(kept(np.inf))
    if least > most:
        raise ConfigError(
            f"a budget of {most:,.0f} {costs.unit} is below the {least:,.0f} that the network takes with every weight "
            "pruned that may be; raise the budget or take a smaller network"
        )
    low, high = 0, len(steps)  # the first `low` thresholds fit, the first `high` + 1 do not
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if costs.of(kept(steps[middle - 1])) <= most else (low, middle - 1)
    counts = kept(steps[low - 1] if low else np.inf)
    masks = {}
    for name, order in orders.items():
        mask = np.zeros(sizes[name], bool)
        mask[order[: counts[name]]] = True
        masks[name] = mask.reshape(saliency[name].shape)
    return PruneMask(masks)


def whole(layer: Price, kept: int) -> int:
    """Return all weights of a layer that costs no more with all of them."""
    return layer.size if layer.dense <= layer.fixed + layer.each * kept else kept


def flattened(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.asarray(array, np.float64).reshape(-1) for name, array in arrays.items()}
