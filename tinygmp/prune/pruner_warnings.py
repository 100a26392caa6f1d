"""What a pruner tells while it goes on: an empty layer, zeros that will not stay, an unfinished schedule."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch

from tinygmp.errors import CollapseWarning, PruningWarning
from tinygmp.prune.collapse import collapse_report
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.processes import is_first

FEW_ZEROS = 0.1  # of all weights: fewer at the start are an initialisation rather than an earlier pruning
CALLER = 4  # frames up from tell: a function here, a method of the pruner, the training loop


def tell_collapse(weights: Mapping[str, torch.Tensor], mask: PruneMask | None, told: set[str]) -> set[str]:
    """Warn of layers of which a mask leaves nothing and which are not among those told; return all told."""
    empty = {name for name, count in mask.layer_nnz().items() if not count} if mask is not None else set()
    if mask is not None and not empty <= told:
        report = collapse_report(weights, mask.sparsity, mask)
        remedy = f": by_criterion(minimum={report.repair.weights})" if report.repair else ""
        tell("; ".join(str(report).splitlines()) + remedy, CollapseWarning)
    return told | empty


def tell_zeros(weights: PruneMask, epoch: int, asked: float) -> None:
    """Warn when more weights are 0 at the start than the schedule asks for."""
    if weights.sparsity > max(FEW_ZEROS, asked):
        tell(
            f"{weights.sparsity:.2%} of the weights are 0 already, epoch {epoch} prunes {asked:.2%}, so the others "
            "train again; set monotone=True to hold them"
        )


def tell_moved(weights: Mapping[str, torch.Tensor], pruned: Mapping[str, torch.Tensor]) -> None:
    """Warn when pruned weights are not 0."""
    for name, one in pruned.items():
        if weights[name][one.to(weights[name].device)].any():
            tell(
                f"pruned weights of '{name}' were not 0; call pruner.step() after every step of the optimiser"
            )
            return


def tell_unfinished(schedule: Any, epoch: int) -> None:
    """Warn when a schedule with a final sparsity has not come that far."""
    final, reached = getattr(schedule, "final_sparsity", None), schedule.sparsity_at(epoch)
    if final is not None and reached < final:
        tell(
            f"training ended after epoch {epoch} at sparsity {reached:.4g}, {schedule} goes on to {final:.4g}; train "
            "on, or let it end earlier"
        )


def tell(text: str, category: type[Warning] = PruningWarning) -> None:
    """Warn from the first process, at the line of the training loop."""
    if is_first():
        warnings.warn(f"pruner: {text}", category, stacklevel=CALLER)
