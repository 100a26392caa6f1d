"""What a weight is worth: its magnitude, alone or against its layer; read in chunks, never copied whole."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.prune.cut import ScoreArray
from tinygmp.prune.mask import PruneMask

if TYPE_CHECKING:
    import torch

Weights = Mapping[str, "np.ndarray | torch.Tensor"]
Read = Callable[[int, int, int], np.ndarray]


def magnitude_scores(weights: Weights, previous: PruneMask | None = None) -> list[ScoreArray]:
    """Return the parameters' magnitudes in name order, -1 where `previous` has pruned; all checked finite."""
    return [
        ScoreArray(name, flat.size, _demote(partial(_magnitudes, flat), name, flat.size, previous))
        for name, flat in checked_weights(weights).items()
    ]


def scaled_scores(weights: Weights, previous: PruneMask | None = None) -> list[ScoreArray]:
    """Return magnitudes in units of the root mean square of their own layer (Han et al. 2015, per-layer
    cuts).
    """
    scores = []
    for name, flat in checked_weights(weights).items():
        squares = sum(float(np.square(chunk.astype(np.float64)).sum()) for chunk in np.array_split(flat, 64))
        scale = (squares / flat.size) ** 0.5 or 1.0
        read = _demote(partial(_scaled, flat, scale), name, flat.size, previous)
        scores.append(ScoreArray(name, flat.size, read))
    return scores


def random_scores(weights: Weights, previous: PruneMask | None = None, seed: int = 0) -> list[ScoreArray]:
    """Return uniform random scores that depend on seed, name and position only, never on the weights'
    values.
    """
    scores = []
    for name, flat in checked_weights(weights).items():
        drawn = np.random.default_rng([seed, zlib.crc32(name.encode())]).random(flat.size, np.float32)
        read = _demote(partial(_copied, drawn), name, flat.size, previous)
        scores.append(ScoreArray(name, flat.size, read))
    return scores


def checked_weights(weights: Weights) -> dict[str, np.ndarray]:
    """Return flat row-major arrays in name order, or raise ConfigError for none, empty or not finite ones."""
    if not weights:
        raise ConfigError("no weights to prune: the model is empty or the pattern matches nothing; name it")
    flats = {}
    for name in sorted(weights):
        flat = _flat(weights[name])
        if flat.size == 0:
            raise ConfigError(
                f"weight '{name}' has no elements (shape {tuple(weights[name].shape)}); drop it"
            )
        for start, chunk in ScoreArray(name, flat.size, partial(_copied, flat)).chunks():
            finite = np.isfinite(chunk)
            if not finite.all():
                bad = start + int(np.argmin(finite))
                raise ConfigError(
                    f"weight '{name}' is {flat[bad]} at flat position {bad}; only finite weights can be "
                    "ranked, so restore an earlier checkpoint"
                )
        flats[name] = flat
    return flats


def _flat(weight: np.ndarray | torch.Tensor) -> np.ndarray:
    """View a parameter as a flat numpy array, row-major; a copy only off the CPU or where it is strided."""
    if not isinstance(weight, np.ndarray):
        weight = weight.detach()
        weight = (weight.float() if weight.dtype.itemsize == 2 else weight).cpu().numpy()
    return weight.reshape(-1)


def _copied(flat: np.ndarray, start: int, stop: int, step: int) -> np.ndarray:
    return flat[start:stop:step]


def _magnitudes(flat: np.ndarray, start: int, stop: int, step: int) -> np.ndarray:
    part = flat[start:stop:step]
    if part.dtype.kind != "f":
        part = part.astype(np.float64)  # |-128| does not fit int8
    return np.abs(part)


def _scaled(flat: np.ndarray, scale: float, start: int, stop: int, step: int) -> np.ndarray:
    return _magnitudes(flat, start, stop, step).astype(np.float64) / scale


def _demote(read: Read, name: str, size: int, previous: PruneMask | None) -> Read:
    """Give what the previous mask has pruned the score -1, below every other."""
    if previous is None:
        return read
    kept = previous[name].reshape(-1)
    if kept.size != size:
        raise ConfigError(f"previous mask of '{name}' has {kept.size} elements, the weight {size}")
    return lambda start, stop, step: np.where(kept[start:stop:step], read(start, stop, step), -1)
