"""Layer collapse: which layer a global ranking empties, at which sparsity, and what minimum cures it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tinygmp.prune.cut import ScoreArray
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.minimum import MinimumShare, MinimumWeights
from tinygmp.prune.patterns import unit_counts
from tinygmp.prune.scores import Weights, magnitude_scores


@dataclass(frozen=True)
class LayerCollapse:
    """What global pruning does to one layer. Outputs are rows or output channels with any weight left."""

    name: str
    weights: int
    outputs: int
    kept: int
    outputs_kept: int
    vanishes_at: float  # lowest sparsity at which the layer keeps nothing; 1.0: never below 1

    @property
    def vanished(self) -> bool:
        return self.kept == 0


@dataclass(frozen=True)
class CollapseReport:
    """Collapse of every layer at one sparsity, in the order of the weights.

    repair: the least minimum that gives each vanished layer one weight per output (all of its weights where
    it has fewer), but so low that all minimums together take at most half of what the sparsity keeps: a
    minimum that takes everything leaves nothing to rank. None when nothing vanished, or when no minimum fits.
    """

    sparsity: float
    layers: tuple[LayerCollapse, ...]
    repair: MinimumWeights | None

    @property
    def vanished(self) -> tuple[LayerCollapse, ...]:
        return tuple(layer for layer in self.layers if layer.vanished)

    @property
    def repair_share(self) -> MinimumShare | None:
        """The repair as a share of all weights, the unit of the published code."""
        if self.repair is None:
            return None
        total = sum(layer.weights for layer in self.layers)
        share = math.ceil(self.repair.weights / total * 1e6) / 1e6
        return MinimumShare(min(1.0, share))

    def __str__(self) -> str:
        if not self.vanished:
            first = min(self.layers, key=lambda layer: layer.vanishes_at)
            return (
                f"no layer vanishes at sparsity {self.sparsity:.4g}; the first would be '{first.name}' "
                f"at {first.vanishes_at:.5f}"
            )
        lines = [
            f"layer '{layer.name}' ({layer.weights} weights) vanishes at sparsity {layer.vanishes_at:.5f}"
            for layer in self.vanished
        ]
        if self.repair is None or self.repair_share is None:
            return "\n".join(
                [*lines, "no minimum repairs it: the sparsity keeps fewer weights than layers; lower it"]
            )
        lines.append(
            f"repair: keep at least {self.repair.weights} weights per layer "
            f"({self.repair_share.share:.4%} of all)"
        )
        return "\n".join(lines)


def collapse_report(weights: Weights, sparsity: float, mask: PruneMask | None = None) -> CollapseReport:
    """Return what one global ranking without a minimum leaves of each layer, and the repair.

    mask: one that was made otherwise, of this sparsity, to report on in its place.
    """
    mask = global_magnitude_mask(weights, sparsity) if mask is None else mask
    kept, outputs = mask.layer_nnz(), unit_counts(mask)
    vanishes = vanishing_sparsities(weights)
    layers = tuple(
        LayerCollapse(
            name,
            mask[name].size,
            mask[name].shape[0],
            kept[name],
            outputs[name] if kept[name] else 0,
            vanishes[name] if kept[name] else min(vanishes[name], mask.sparsity),
        )
        for name in weights
    )
    return CollapseReport(sparsity, layers, _repair(layers, mask.nnz))


def vanishing_sparsities(weights: Weights) -> dict[str, float]:
    """Return for each layer the lowest sparsity at which a global ranking prunes all of it.

    Counts the weights that go before the layer's largest, that one included, over all weights.
    """
    arrays = magnitude_scores(weights)
    largest = {array.name: _largest(array) for array in arrays}
    cuts = np.sort(np.array(sorted(set(largest.values()))))
    above = np.zeros(len(cuts), dtype=np.int64)
    for array in arrays:
        for _, chunk in array.chunks():
            high = np.sort(chunk[chunk > cuts[0]])
            above += len(high) - np.searchsorted(high, cuts, side="right")
    equal = {
        name: _tied_before([a for a in arrays if a.name < name and largest[a.name] >= value], value)
        for name, value in largest.items()
    }
    total = sum(array.size for array in arrays)
    later = {name: int(above[np.searchsorted(cuts, value)]) for name, value in largest.items()}
    return {name: (total - later[name] - equal[name]) / total for name in weights}


def _largest(array: ScoreArray) -> float:
    return max(float(chunk.max()) for _, chunk in array.chunks())


def _tied_before(earlier: list[ScoreArray], value: float) -> int:
    """Count weights equal to a layer's largest that outlive it: those of layers earlier in name order."""
    return sum(int(np.count_nonzero(chunk == value)) for array in earlier for _, chunk in array.chunks())


def _repair(layers: tuple[LayerCollapse, ...], to_keep: int) -> MinimumWeights | None:
    lost = [layer for layer in layers if layer.vanished]
    if not lost:
        return None
    wanted = max(min(layer.weights, layer.outputs) for layer in lost)
    while wanted > 1 and sum(min(layer.weights, wanted) for layer in layers) > to_keep / 2:
        wanted -= 1
    return MinimumWeights(wanted) if sum(min(layer.weights, wanted) for layer in layers) <= to_keep else None
