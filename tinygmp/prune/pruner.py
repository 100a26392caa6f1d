"""A schedule and a criterion bound to a module's parameters, for any training loop to call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import torch
from torch import distributed

from tinygmp.errors import ConfigError
from tinygmp.prune.baselines import Criterion
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.minimum import Minimum
from tinygmp.prune.ranks import LowRankPair, rank_mask
from tinygmp.prune.scores import Weights

MakeMask = Callable[[Weights, float, PruneMask | None], PruneMask]


class Schedule(Protocol):
    """OneShotSchedule, GradualSchedule, AlternatingSchedule or anything that answers the same two
    questions.
    """

    def sparsity_at(self, epoch: int) -> float: ...

    def prunes_at(self, epoch: int) -> bool: ...


class Pruner:
    """Holds the mask of a module in training: renew it when an epoch begins, apply it after every step.

    monotone: pruned weights stay pruned. Otherwise each renewal ranks all weights as they stand; a pruned one
    stands at 0 and returns only after a dense phase. revive: pruned weights are remembered with the value
    that they had, compete with it at the next renewal, and return with it when they win (the mask is free to
    change, as in Zhu and Gupta 2017); the memory is not part of a checkpoint. With torch.distributed
    running, process 0 makes the mask and every process receives it.

        for epoch in range(epochs):
            pruner.begin_epoch(epoch)
            for batch in batches:
                ...; optimiser.step(); pruner.after_step()
    """

    def __init__(
        self,
        parameters: Mapping[str, torch.Tensor],
        schedule: Schedule,
        make_mask: MakeMask,
        monotone: bool = False,
        revive: bool = False,
    ) -> None:
        if monotone and revive:
            raise ConfigError("pruner: monotone masks never revive a weight; set only one of the two")
        self.parameters = dict(parameters)
        self.schedule = schedule
        self.make_mask = make_mask
        self.monotone, self.revive = monotone, revive
        self.mask: PruneMask | None = None
        self.pruned: dict[str, torch.Tensor] = {}
        self._remembered: dict[str, torch.Tensor] = {}

    def begin_epoch(self, epoch: int) -> PruneMask | None:
        """Renew the mask where the schedule says so, apply it, and return it (None while dense)."""
        if self.schedule.prunes_at(epoch):
            sparsity = self.schedule.sparsity_at(epoch)
            if self.revive:
                self._recall()
            self.use(self._agreed_mask(sparsity) if sparsity > 0 else None)
        return self.mask

    def use(self, mask: PruneMask | None) -> None:
        """Hold this mask from now on, as when a checkpoint is resumed, and apply it."""
        self.mask = mask
        self.pruned = {}
        if mask is not None:
            for name, kept in mask.kept.items():
                self.pruned[name] = torch.tensor(~kept, device=self.parameters[name].device)
        self.after_step()

    def after_step(self) -> None:
        """Set pruned weights to 0 again, whatever momentum or weight decay has done to them."""
        with torch.no_grad():
            for name, pruned in self.pruned.items():
                self.parameters[name].masked_fill_(pruned, 0)

    def _recall(self) -> None:
        """Put remembered values back under the mask, and remember all values for the next renewal."""
        with torch.no_grad():
            for name, pruned in self.pruned.items():
                weight = self.parameters[name]
                weight.copy_(torch.where(pruned, self._remembered.get(name, weight), weight))
            self._remembered = {name: weight.detach().clone() for name, weight in self.parameters.items()}

    def _agreed_mask(self, sparsity: float) -> PruneMask:
        several = distributed.is_available() and distributed.is_initialized()
        if not several or distributed.get_rank() == 0:
            mask = self.make_mask(self.parameters, sparsity, self.mask if self.monotone else None)
            kept = dict(mask.kept)
        else:
            kept = {
                name: np.zeros(tuple(weight.shape), dtype=bool) for name, weight in self.parameters.items()
            }
        return PruneMask(kept) if not several else self._broadcast(kept)

    def _broadcast(self, kept: Mapping[str, np.ndarray]) -> PruneMask:
        received = {}
        for name in self.parameters:
            bits = torch.tensor(kept[name].astype(np.uint8), device=self.parameters[name].device)
            distributed.broadcast(bits, src=0)
            received[name] = bits.cpu().numpy().astype(bool)
        return PruneMask(received)


def by_criterion(criterion: Criterion = global_magnitude_mask, minimum: Minimum = None) -> MakeMask:
    """Return the mask maker of an unstructured criterion with a minimum threshold."""
    return lambda weights, sparsity, previous: criterion(weights, sparsity, minimum, previous=previous)


def by_ranks(ranks: Mapping[LowRankPair, int]) -> MakeMask:
    """Return the mask maker that keeps the given ranks; the sparsity of the schedule only says when."""

    def make(weights: Weights, sparsity: float, previous: PruneMask | None) -> PruneMask:
        kept = {name: np.ones(tuple(weight.shape), dtype=bool) for name, weight in weights.items()}
        return PruneMask(kept | dict(rank_mask(weights, ranks).kept))

    return make
