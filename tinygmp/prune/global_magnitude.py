"""Global Magnitude Pruning: one ranking over all prunable weights of a network.

Which weights go is exact and deterministic. The count is round(sparsity * weights), halves to even, as in
torch.nn.utils.prune. Of equal magnitudes the weight that comes later goes first; weights are ordered by
parameter name, then row-major position, so the order of the mapping does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.prune.cut import CHUNK, Cut, ScoreArray, kth_smallest_cut
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.minimum import Minimum, checked_floors
from tinygmp.prune.schedule import check_sparsity

if TYPE_CHECKING:
    import torch

Weights = Mapping[str, "np.ndarray | torch.Tensor"]


def global_magnitude_mask(
    weights: Weights, sparsity: float, minimum: Minimum = None, previous: PruneMask | None = None
) -> PruneMask:
    """Return the mask that prunes the smallest magnitudes of all parameters together.

    sparsity: fraction of zeros in [0, 1). minimum: what every layer keeps at least; the budget that it
    refuses is re-ranked over all other layers (Global MP, arXiv 2209.14624, section 3), so the total stays
    exact. previous: a mask whose pruned weights stay pruned (monotone pruning); without it the mask is free
    to revive weights. Raises ConfigError for no weights, weights that are not finite, a sparsity out of
    range or below that of `previous`, or a minimum that the sparsity leaves no room for.
    """
    scores = magnitude_scores(weights, previous)
    sizes = {array.name: array.size for array in scores}
    to_prune = prune_count(sum(sizes.values()), sparsity)
    alive = sizes if previous is None else {name: int(np.count_nonzero(previous[name])) for name in sizes}
    if sum(sizes.values()) - to_prune > sum(alive.values()):
        raise ConfigError(
            f"sparsity {sparsity} keeps {sum(sizes.values()) - to_prune} weights, the previous mask only "
            f"{sum(alive.values())}; raise the sparsity or leave the mask free"
        )
    floors = checked_floors(minimum, sizes, sum(sizes.values()) - to_prune)
    most = {name: size - min(floors[name], alive[name]) for name, size in sizes.items()}
    counts = _prune_counts(scores, to_prune, most)
    return PruneMask({name: mask.reshape(tuple(weights[name].shape)) for name, mask in counts.items()})


def prune_count(total: int, sparsity: float) -> int:
    """Return how many of `total` weights a sparsity prunes: the nearest integer, halves to even."""
    return round(check_sparsity(sparsity, "pruning") * total)


def magnitude_scores(weights: Weights, previous: PruneMask | None = None) -> list[ScoreArray]:
    """Return the parameters' magnitudes in name order, -1 where `previous` has pruned; all checked finite."""
    if not weights:
        raise ConfigError(
            "no weights to prune: the model is empty or the pattern matches nothing; name a weight"
        )
    scores = []
    for name in sorted(weights):
        flat = _flat(weights[name])
        if flat.size == 0:
            raise ConfigError(
                f"weight '{name}' has no elements (shape {tuple(weights[name].shape)}); leave it out"
            )
        dead = None if previous is None else ~previous[name].reshape(-1)
        if dead is not None and dead.size != flat.size:
            raise ConfigError(f"previous mask of '{name}' has {dead.size} elements, the weight {flat.size}")
        array = ScoreArray(name, flat.size, partial(_magnitudes, flat, dead))
        for start, chunk in array.chunks():
            if not np.isfinite(chunk).all():
                bad = start + int(np.argmin(np.isfinite(chunk)))
                raise ConfigError(
                    f"weight '{name}' is {flat[bad]} at flat position {bad}; only finite weights "
                    f"can be ranked, "
                    "so restore an earlier checkpoint"
                )
        scores.append(array)
    return scores


def _flat(weight: np.ndarray | torch.Tensor) -> np.ndarray:
    """View a parameter as a flat numpy array, row-major; a copy only off the CPU or where it is strided."""
    if not isinstance(weight, np.ndarray):
        weight = weight.detach()
        weight = (weight.float() if weight.dtype.itemsize == 2 else weight).cpu().numpy()
    return weight.reshape(-1)


def _magnitudes(flat: np.ndarray, dead: np.ndarray | None, start: int, stop: int, step: int) -> np.ndarray:
    part = flat[start:stop:step]
    if part.dtype.kind != "f":
        part = part.astype(np.float64)  # |-128| does not fit int8
    magnitudes = np.abs(part)
    if dead is not None:
        magnitudes[dead[start:stop:step]] = -1
    return magnitudes


def _prune_counts(scores: list[ScoreArray], to_prune: int, most: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Return flat masks that prune `to_prune` scores, from each layer at most `most`.

    A layer that the common cut would take below its floor gives exactly what it may, and the rest is ranked
    again without it. The cut only rises, so such a layer stays at its floor and the loop ends.
    """
    free = [array for array in scores if most[array.name] > 0]
    masks = {array.name: np.ones(array.size, dtype=bool) for array in scores if most[array.name] == 0}
    while True:
        cut = kth_smallest_cut(free, to_prune) if to_prune else Cut(-np.inf, 0)
        ranked = masks_under(free, cut)
        bound = [
            array
            for array in free
            if array.size - int(np.count_nonzero(ranked[array.name])) > most[array.name]
        ]
        if not bound:
            return masks | ranked
        for array in bound:
            masks |= masks_under([array], kth_smallest_cut([array], most[array.name]))
            to_prune -= most[array.name]
        free = [array for array in free if array not in bound]


def masks_under(arrays: list[ScoreArray], cut: Cut) -> dict[str, np.ndarray]:
    """Return flat masks that keep all above the cut and, of the scores equal to it, all but the last ties."""
    masks = {}
    for array in arrays:
        mask = np.empty(array.size, dtype=bool)
        for start, chunk in array.chunks():
            np.greater_equal(chunk, cut.threshold, out=mask[start : start + len(chunk)])
        masks[array.name] = mask
    _prune_last_ties(arrays, masks, cut)
    return masks


def _prune_last_ties(arrays: list[ScoreArray], masks: dict[str, np.ndarray], cut: Cut) -> None:
    """Walk backwards through the order of names and positions until the cut's ties are pruned."""
    left = cut.ties
    for array in reversed(arrays):
        chunks = [] if left == 0 else list(range(0, array.size, CHUNK))
        for start in reversed(chunks):
            chunk = array.read(start, min(start + CHUNK, array.size), 1)
            equal = start + np.flatnonzero(chunk == cut.threshold)
            masks[array.name][equal[max(0, len(equal) - left) :]] = False
            left -= min(left, len(equal))
            if left == 0:
                return
