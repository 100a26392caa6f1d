"""Masks whose smallest unit is a pattern of weights: N:M, blocks of a row, channels; units ranked
globally.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.prune.global_magnitude import global_magnitude_mask, prune_count
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.scores import Weights, checked_weights


@dataclass(frozen=True)
class Units:
    """Units of one layer that live or die together: unit[i] is the unit of flat weight i."""

    name: str
    unit: np.ndarray  # int, one per weight, units are 0..count-1
    magnitude: np.ndarray  # float64 [count], mean |w| over the unit
    size: np.ndarray  # int [count], weights in the unit


def nm_mask(
    weights: Weights, kept: int, group: int, sparsity: float | None = None, previous: PruneMask | None = None
) -> PruneMask:
    """Return the N:M mask: of every `group` consecutive weights of a row at most `kept` stay, the largest.

    Rows are output channels; a last group that is shorter keeps at most `kept` too. sparsity: when given and
    higher than what the pattern alone reaches, the survivors are ranked globally down to it, so that groups
    keep from 0 to `kept`. Of equal magnitudes the later goes. Raises ConfigError for kept outside 1..group.
    """
    if not 1 <= kept <= group:
        raise ConfigError(f"N:M pattern {kept}:{group} needs 1 <= N <= M; 2:4 is what hardware knows")
    pattern = {}
    for name, flat in checked_weights(weights).items():
        rows = _rows(flat, tuple(weights[name].shape))
        magnitudes = np.abs(rows.astype(np.float64))
        if previous is not None:
            magnitudes[~previous[name].reshape(rows.shape)] = -1
        short = -rows.shape[1] % group
        padded = np.pad(magnitudes, ((0, 0), (0, short)), constant_values=-2).reshape(-1, group)
        order = np.argsort(-padded, axis=1, kind="stable")[:, :kept]
        mask = np.zeros(padded.shape, dtype=bool)
        np.put_along_axis(mask, order, True, axis=1)
        mask &= padded >= 0
        pattern[name] = mask.reshape(rows.shape[0], -1)[:, : rows.shape[1]].reshape(weights[name].shape)
    largest = PruneMask({name: pattern[name] for name in weights})
    if sparsity is None or prune_count(largest.size, sparsity) <= largest.size - largest.nnz:
        return largest
    return global_magnitude_mask(weights, sparsity, previous=largest)


def block_mask(
    weights: Weights,
    block: int,
    sparsity: float,
    minimum_blocks: int = 0,
    previous: PruneMask | None = None,
) -> PruneMask:
    """Return the mask whose units are 1 x block runs of a row (a row is an output channel), ranked by mean
    |w|.

    The last block of a row is shorter when the row is no multiple. See prune_units for the count.
    """
    if block < 1:
        raise ConfigError(f"block of {block} weights is below 1; use 4 or 8 for word-wide kernels")
    units = []
    for name, flat in checked_weights(weights).items():
        rows, columns = _rows(flat, tuple(weights[name].shape)).shape
        per_row = -(-columns // block)
        unit = np.arange(rows)[:, None] * per_row + np.arange(columns)[None, :] // block
        units.append(units_of(name, flat, unit.reshape(-1), previous))
    return prune_units(units, weights, sparsity, minimum_blocks)


def channel_mask(
    weights: Weights,
    sparsity: float,
    minimum_channels: int = 1,
    previous: PruneMask | None = None,
) -> PruneMask:
    """Return the mask whose units are whole output channels (filters; rows of a matrix), ranked by mean |w|.

    minimum_channels: what every layer keeps at least; 0 may cut the network in two.
    """
    units = []
    for name, flat in checked_weights(weights).items():
        rows, columns = _rows(flat, tuple(weights[name].shape)).shape
        units.append(units_of(name, flat, np.repeat(np.arange(rows), columns), previous))
    return prune_units(units, weights, sparsity, minimum_channels)


def units_of(name: str, flat: np.ndarray, unit: np.ndarray, previous: PruneMask | None = None) -> Units:
    """Return units with their mean magnitude; -1 for a unit of which the previous mask kept nothing."""
    size = np.bincount(unit)
    magnitude = np.bincount(unit, weights=np.abs(flat.astype(np.float64))) / size
    if previous is not None:
        alive = np.bincount(unit, weights=previous[name].reshape(-1)) > 0
        magnitude[~alive] = -1
    return Units(name, unit, magnitude, size)


def prune_units(units: list[Units], weights: Weights, sparsity: float, minimum_units: int = 0) -> PruneMask:
    """Return the mask that prunes units of the lowest mean magnitude while the weights' budget lasts.

    Units are taken from the smallest up until the next one would prune more than round(sparsity * weights):
    the result is at or below the sparsity, by less than one unit. Every layer keeps its `minimum_units`
    largest. Equal units: the later in order of name and position goes first. Raises ConfigError when the
    minimum leaves the budget out of reach.
    """
    if minimum_units < 0:
        raise ConfigError(f"minimum of {minimum_units} units is below 0; use 0 or more")
    budget = prune_count(sum(len(layer.unit) for layer in units), sparsity)
    candidates: list[tuple[float, int, int]] = []
    for index, layer in enumerate(units):
        ascending = np.lexsort((-np.arange(len(layer.size)), layer.magnitude))
        free = ascending[: max(0, len(ascending) - minimum_units)]
        candidates += [(float(layer.magnitude[unit]), -index, -int(unit)) for unit in free]
    gone = [np.zeros(len(layer.size), dtype=bool) for layer in units]
    smallest_unit = min(int(layer.size.min()) for layer in units)
    for _, index, unit in sorted(candidates):
        size = int(units[-index].size[-unit])
        if size > budget:
            budget = 0
            break
        gone[-index][-unit] = True
        budget -= size
    if budget >= smallest_unit:
        raise ConfigError(
            f"sparsity {sparsity}: {budget} weights more must go than layers of at least "
            f"{minimum_units} units "
            "allow; lower the minimum or the sparsity"
        )
    flat = {layer.name: ~gone[index][layer.unit] for index, layer in enumerate(units)}
    return PruneMask({name: flat[name].reshape(tuple(array.shape)) for name, array in weights.items()})


def unit_counts(mask: PruneMask, axis: int = 0) -> Mapping[str, int]:
    """Return for each layer how many slices along an axis keep any weight (0: output channels)."""
    return {
        name: int(np.any(np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1), axis=1).sum())
        for name, array in mask.kept.items()
    }


def _rows(flat: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """View a weight as rows of output channels; a vector is one row."""
    return flat.reshape(shape[0] if len(shape) > 1 else 1, -1)
