"""From scores to masks: exact counts, ties in a fixed order, a most that each layer may lose."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinygmp.prune.cut import CHUNK, Cut, ScoreArray, kth_smallest_cut


def rank(arrays: list[ScoreArray], to_prune: int, most: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Return flat masks that prune exactly `to_prune` scores, from each layer at most `most`.

    A layer that the common cut would take below its floor gives exactly what it may, and the rest is ranked
    again without it. The cut only rises, so such a layer stays at its floor and the loop ends.
    """
    free = [array for array in arrays if most[array.name] > 0]
    masks = {array.name: np.ones(array.size, dtype=bool) for array in arrays if most[array.name] == 0}
    while True:
        cut = kth_smallest_cut(free, to_prune) if to_prune else Cut(-np.inf, 0)
        bounded = any(most[array.name] < array.size for array in free)
        lost = _lost(free, cut) if bounded else {}
        bound = [array for array in free if lost.get(array.name, 0) > most[array.name]]
        if not bound:
            return masks | masks_under(free, cut)
        for array in bound:
            masks |= lowest(array, most[array.name])
            to_prune -= most[array.name]
        free = [array for array in free if array.name not in masks]


def _lost(arrays: list[ScoreArray], cut: Cut) -> dict[str, int]:
    """Return how many scores of each layer the cut takes, without making masks."""
    lost = {}
    ties = cut.ties
    for array in reversed(arrays):
        below = equal = 0
        for _, chunk in array.chunks():
            below += int(np.count_nonzero(chunk < cut.threshold))
            equal += int(np.count_nonzero(chunk == cut.threshold))
        taken = min(ties, equal)
        ties -= taken
        lost[array.name] = below + taken
    return lost


def lowest(array: ScoreArray, to_prune: int) -> dict[str, np.ndarray]:
    """Return the flat mask of one layer that prunes its `to_prune` lowest scores."""
    return masks_under([array], kth_smallest_cut([array], to_prune) if to_prune else Cut(-np.inf, 0))


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
        for start in reversed(range(0, array.size, CHUNK)):
            if left == 0:
                return
            chunk = array.read(start, min(start + CHUNK, array.size), 1)
            equal = start + np.flatnonzero(chunk == cut.threshold)
            masks[array.name][equal[max(0, len(equal) - left) :]] = False
            left -= min(left, len(equal))
