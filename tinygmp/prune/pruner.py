"""A schedule and a criterion bound to a module's parameters, for any training loop to call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from tinygmp.errors import ConfigError
from tinygmp.prune.flops import NetworkFlops
from tinygmp.prune.global_magnitude import prune_count
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.mask_makers import ByCriterion, MakeMask, by_criterion
from tinygmp.prune.processes import agreed
from tinygmp.prune.pruner_state import State, checked_state, described
from tinygmp.prune.pruner_warnings import tell_collapse, tell_moved, tell_unfinished, tell_zeros
from tinygmp.prune.selection import LeftOut, Selection, place_of
from tinygmp.prune.table import pruning_table


class Schedule(Protocol):
    """OneShotSchedule, GradualSchedule, AlternatingSchedule or anything that answers the same two
    questions.
    """

    def sparsity_at(self, epoch: int) -> float: ...

    def prunes_at(self, epoch: int) -> bool: ...


class Pruner:
    """Holds the mask of a module in training: renew it when an epoch begins, apply it after every step.

    parameters: by name, as prunable_parameters returns them; left_out is then what they leave out, and why. epoch: the
    last that has begun, -1 before. monotone: pruned weights stay pruned, and so do zeros that the network begins with.
    Otherwise each renewal ranks all weights as they stand; a pruned one stands at 0 and returns only after a dense
    phase. revive: pruned weights are remembered with the value that they had, compete with it at the next renewal, and
    return with it when they win (the mask is free to change, as in Zhu and Gupta 2017). With torch.distributed running,
    process 0 makes the mask and every process receives it. Raises ConfigError for parameters that are not tensors by
    name, one tensor under two names, and a minimum for which the schedule leaves no room.

        for epoch in range(epochs):
            pruner.begin_epoch(epoch)
            for batch in batches:
                ...; optimiser.step(); pruner.step()
        pruner.end()
    """

    def __init__(
        self,
        parameters: Mapping[str, torch.Tensor],
        schedule: Schedule,
        make_mask: MakeMask | None = None,
        monotone: bool = False,
        revive: bool = False,
    ) -> None:
        if monotone and revive:
            raise ConfigError("pruner: monotone masks never revive a weight; set only one of the two")
        if isinstance(parameters, nn.Module):
            raise ConfigError("pruner: takes weights by name, not a module; give prunable_parameters(module)")
        self.parameters = dict(parameters)
        self.left_out: dict[str, LeftOut] = {}
        if isinstance(parameters, Selection):
            self.left_out = dict(parameters.left_out)
        self.schedule = schedule
        self.make_mask = make_mask or by_criterion()
        self.monotone, self.revive = monotone, revive
        self.epoch = -1
        self.mask: PruneMask | None = None
        self.pruned: dict[str, torch.Tensor] = {}
        self._remembered: dict[str, torch.Tensor] = {}
        self._told: set[str] = set()
        self._expect_distinct()
        self._expect_room()

    def begin_epoch(self, epoch: int) -> PruneMask | None:
        """Renew the mask where the schedule says so, apply it, and return it (None while dense).

        An epoch that began already, as when training continues in the midst of it, changes nothing; epochs that were
        left out are made up for. Warns of layers that lose their last weight (CollapseWarning), and of zeros at the
        start that will not stay (PruningWarning). Raises ConfigError for weights that are not finite.
        """
        if self.epoch < 0 and self.mask is None and self.parameters:
            zeros = self._nonzeros()
            if not self.monotone:
                tell_zeros(zeros, epoch, self.schedule.sparsity_at(epoch))
            elif zeros.nnz < zeros.size:
                self.use(zeros)
        if epoch != self.epoch:
            since = range(min(self.epoch + 1, epoch), epoch + 1)
            if any(self.schedule.prunes_at(one) for one in since):
                mask = self._renewed(self.schedule.sparsity_at(epoch))
                self._told = tell_collapse(self.parameters, mask, self._told)
                self.use(mask)
        self.epoch = epoch
        return self.mask

    def step(self) -> None:
        """Set pruned weights to 0 again, whatever momentum or weight decay has done to them."""
        with torch.no_grad():
            for name, pruned in self.pruned.items():
                weight = self.parameters[name]
                if pruned.device != weight.device:
                    pruned = self.pruned[name] = pruned.to(weight.device)
                weight.masked_fill_(pruned, 0)

    def attach(self, optimiser: torch.optim.Optimizer) -> RemovableHandle:
        """Let every step of an optimiser end with step(), for loops that are not one's own.

        Returns a handle: `with pruner.attach(optimiser): ...`, or handle.remove(). Raises ConfigError when the
        optimiser moves none of the pruner's weights.
        """
        moved = {id(one) for group in optimiser.param_groups for one in group["params"]}
        if not any(id(weight) in moved for weight in self.parameters.values()):
            raise ConfigError(
                f"{type(optimiser).__name__} moves none of the pruner's {len(self.parameters)} weights; make both of "
                "the same network"
            )
        return optimiser.register_step_post_hook(lambda *given: self.step())

    def end(self) -> None:
        """Apply the mask a last time and warn of what went wrong: PruningWarning, of empty layers CollapseWarning.

        Told are layers without any weight that is not 0, a schedule whose last epoch was not reached, and pruned
        weights that steps have moved away from 0.
        """
        tell_moved(self.parameters, self.pruned)
        self.step()
        self._told = tell_collapse(self.parameters, self._nonzeros() if self.parameters else None, self._told)
        tell_unfinished(self.schedule, self.epoch)

    def table(self, flops: NetworkFlops | None = None) -> str:
        """Return what is left of each layer, and what is left out and why, as text."""
        dense = {name: np.ones(tuple(weight.shape), bool) for name, weight in self.parameters.items()}
        return pruning_table(self.mask or PruneMask(dense), flops, self.left_out)

    def use(self, mask: PruneMask | None) -> None:
        """Hold this mask from now on and apply it; raises ConfigError where it does not fit the parameters."""
        if mask is not None:
            mask.apply_(self.parameters)
        self.mask = mask
        self.pruned = {
            name: torch.tensor(~kept, device=self.parameters[name].device)
            for name, kept in (mask.kept if mask is not None else {}).items()
        }

    def state_dict(self) -> State:
        """Return mask, epoch, remembered weights and settings, as tensors and plain values for torch.save."""
        mask = self.mask
        return {
            "settings": self._settings(),
            "shapes": {name: list(weight.shape) for name, weight in self.parameters.items()},
            "epoch": self.epoch,
            "kept": None if mask is None else {name: torch.tensor(kept) for name, kept in mask.kept.items()},
            "remembered": dict(self._remembered),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state, bit for bit as if training had never stopped; the network's own is loaded apart.

        Raises ConfigError where names, shapes or settings differ, FileFormatError for what is no state of a pruner; an
        error changes nothing.
        """
        epoch, mask, remembered = checked_state(state, self._settings(), self.parameters)
        self.use(mask)
        self.epoch, self._told = epoch, set()
        self._remembered = {
            name: value.to(self.parameters[name].device) for name, value in remembered.items()
        }

    def _settings(self) -> dict[str, str | bool]:
        return {
            "schedule": described(self.schedule),
            "make_mask": described(self.make_mask),
            "monotone": self.monotone,
            "revive": self.revive,
        }

    def _renewed(self, sparsity: float) -> PruneMask | None:
        """Return the mask of this sparsity for the weights as they stand; monotone ones never keep more than before."""
        if self.revive:
            self._recall()
        if self.monotone and self.mask is not None:
            if prune_count(self.mask.size, sparsity) <= self.mask.size - self.mask.nnz:
                return self.mask
        elif sparsity == 0:
            return None
        previous = self.mask if self.monotone else None
        return agreed(lambda: self.make_mask(self.parameters, sparsity, previous), self.parameters)

    def _recall(self) -> None:
        """Put remembered values back under the mask, and remember all values for the next renewal."""
        with torch.no_grad():
            for name, pruned in self.pruned.items():
                weight = self.parameters[name]
                before = self._remembered.get(name, weight).to(weight.device)
                weight.copy_(torch.where(pruned.to(weight.device), before, weight))
            self._remembered = {name: weight.detach().clone() for name, weight in self.parameters.items()}

    def _nonzeros(self) -> PruneMask:
        return PruneMask(
            {name: (weight.detach() != 0).cpu().numpy() for name, weight in self.parameters.items()}
        )

    def _expect_distinct(self) -> None:
        names: dict[object, str] = {}
        for name, weight in self.parameters.items():
            first = names.setdefault(place_of(weight), name)
            if first != name:
                raise ConfigError(f"pruner: '{name}' is the same tensor as '{first}'; give it once")

    def _expect_room(self) -> None:
        """Tell before training whether the minimum leaves room for the schedule's last sparsity."""
        final = getattr(self.schedule, "final_sparsity", None)
        if isinstance(self.make_mask, ByCriterion) and final is not None:
            sizes = {name: weight.numel() for name, weight in self.parameters.items()}
            self.make_mask.expect_room(sizes, final)
