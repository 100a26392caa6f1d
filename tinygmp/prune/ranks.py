"""Structured pruning of low-rank factors: whole rank components of W = W1 W2 go, as Global MP did for
HAR-2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.scores import Weights, checked_weights


@dataclass(frozen=True)
class LowRankPair:
    """Names of the factors of one matrix: outer [rows, rank] (W1) and inner [rank, columns] (W2)."""

    outer: str
    inner: str


FASTGRNN_PAIRS = (LowRankPair("W1", "W2"), LowRankPair("U1", "U2"))


def rank_scores(weights: Weights, pair: LowRankPair) -> np.ndarray:
    """Return sum |outer column| + sum |inner row| of every rank component, float64 [rank].

    Source: Global MP prunes "columns of the low-rank factors" by absolute sum (arXiv 2209.14624, FastGRNN). A
    component is a column of one factor and a row of the other, which only make sense together, so both count.
    """
    named = {name: weights[name] for name in (pair.outer, pair.inner) if name in weights}
    if len(named) < 2:
        raise ConfigError(
            f"factors '{pair.outer}' and '{pair.inner}' are not both among {', '.join(weights)}"
        )
    flat = checked_weights(named)
    outer = flat[pair.outer].reshape(tuple(weights[pair.outer].shape)).astype(np.float64)
    inner = flat[pair.inner].reshape(tuple(weights[pair.inner].shape)).astype(np.float64)
    if outer.ndim != 2 or inner.ndim != 2 or outer.shape[1] != inner.shape[0]:
        raise ConfigError(
            f"factors '{pair.outer}' {outer.shape} and '{pair.inner}' {inner.shape} share no rank; expected "
            "[rows, rank] and [rank, columns]"
        )
    return np.abs(outer).sum(axis=0) + np.abs(inner).sum(axis=1)


def rank_mask(weights: Weights, ranks: Mapping[LowRankPair, int]) -> PruneMask:
    """Return the mask that keeps the given number of rank components of each pair, those of the largest
    score.

    Of equal scores the later component goes. Factors not named stay whole and outside the mask.
    """
    kept: dict[str, np.ndarray] = {}
    for pair, target in ranks.items():
        scores = rank_scores(weights, pair)
        if not 1 <= target <= len(scores):
            raise ConfigError(
                f"rank {target} for '{pair.outer}' is outside 1..{len(scores)}, the rank it has"
            )
        alive = np.zeros(len(scores), dtype=bool)
        alive[np.argsort(-scores, kind="stable")[:target]] = True
        kept |= _pair_mask(weights, pair, alive)
    return PruneMask(kept)


def global_rank_mask(
    weights: Weights, components: int, pairs: Sequence[LowRankPair] = FASTGRNN_PAIRS, minimum_rank: int = 1
) -> PruneMask:
    """Return the mask that keeps `components` rank components in all, ranked in one list over every pair.

    Components of different matrices are compared by mean |w|, because they differ in length. Each pair keeps
    at least minimum_rank. This is the global version: rank_mask is told the ranks of each matrix.
    """
    means = {}
    for pair in pairs:
        length = weights[pair.outer].shape[0] + weights[pair.inner].shape[1]
        means[pair] = rank_scores(weights, pair) / length
    total = sum(len(scores) for scores in means.values())
    least = sum(min(minimum_rank, len(scores)) for scores in means.values())
    if not least <= components <= total:
        raise ConfigError(f"{components} rank components are outside {least}..{total} for {len(pairs)} pairs")
    ranked = []
    for index, pair in enumerate(pairs):
        for place, component in enumerate(np.argsort(-means[pair], kind="stable")):
            first = 0 if place < minimum_rank else 1
            ranked.append((first, -means[pair][component], index, int(component)))
    alive = {pair: np.zeros(len(scores), dtype=bool) for pair, scores in means.items()}
    for _, _, index, component in sorted(ranked)[:components]:
        alive[pairs[index]][component] = True
    kept: dict[str, np.ndarray] = {}
    for pair in pairs:
        kept |= _pair_mask(weights, pair, alive[pair])
    return PruneMask(kept)


def without_pruned_ranks(
    weights: Mapping[str, np.ndarray], mask: PruneMask, pairs: Sequence[LowRankPair] = FASTGRNN_PAIRS
) -> dict[str, np.ndarray]:
    """Return copies of the weights whose masked rank components are cut out: smaller factors, the same
    product.
    """
    smaller = dict(mask.apply(weights))
    for pair in pairs:
        alive = mask[pair.outer].any(axis=0) & mask[pair.inner].any(axis=1)
        smaller[pair.outer] = np.ascontiguousarray(smaller[pair.outer][:, alive])
        smaller[pair.inner] = np.ascontiguousarray(smaller[pair.inner][alive])
    return smaller


def _pair_mask(weights: Weights, pair: LowRankPair, alive: np.ndarray) -> dict[str, np.ndarray]:
    outer, inner = tuple(weights[pair.outer].shape), tuple(weights[pair.inner].shape)
    return {
        pair.outer: np.broadcast_to(alive[None, :], outer).copy(),
        pair.inner: np.broadcast_to(alive[:, None], inner).copy(),
    }
