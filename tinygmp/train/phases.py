"""Schedules that go back: alternating dense and sparse phases, and a rewound learning rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinygmp.errors import ConfigError
from tinygmp.prune.schedule import check_sparsity


@dataclass(frozen=True)
class AlternatingSchedule:
    """Dense warm-up, then sparse and dense phases in turn, ending sparse (AC/DC, Peste et al. 2021).

    All in epochs; end_epoch is where training ends. Phases of phase_epochs alternate, sparse first; the last
    final_epochs are sparse whatever the rhythm. In a dense phase the mask is dropped and pruned weights start
    again from 0; each sparse phase makes a new global mask when it begins.
    """

    final_sparsity: float
    warmup_epochs: int
    phase_epochs: int
    final_epochs: int
    end_epoch: int

    def __post_init__(self) -> None:
        check_sparsity(self.final_sparsity, "alternating schedule")
        if self.phase_epochs < 1 or self.warmup_epochs < 0 or self.final_epochs < 1:
            raise ConfigError(
                f"alternating schedule: warm-up {self.warmup_epochs}, phase {self.phase_epochs}, final "
                f"{self.final_epochs} epochs; they need at least 0, 1 and 1"
            )
        if self.warmup_epochs + self.final_epochs > self.end_epoch:
            raise ConfigError(
                f"alternating schedule: warm-up {self.warmup_epochs} and final "
                f"{self.final_epochs} epochs exceed "
                f"the {self.end_epoch} of the training; shorten them"
            )

    def is_sparse(self, epoch: int) -> bool:
        """Tell whether the mask holds during this epoch (epochs count from 0)."""
        if epoch < self.warmup_epochs:
            return False
        if epoch >= self.end_epoch - self.final_epochs:
            return True
        return (epoch - self.warmup_epochs) // self.phase_epochs % 2 == 0

    def sparsity_at(self, epoch: int) -> float:
        """Return the target sparsity during this epoch, 0 in a dense phase."""
        return self.final_sparsity if self.is_sparse(epoch) else 0.0

    def prunes_at(self, epoch: int) -> bool:
        """Tell whether the mask is renewed (made, or dropped) when this epoch begins."""
        return self.is_sparse(epoch) != (epoch > 0 and self.is_sparse(epoch - 1))


@dataclass(frozen=True)
class RewoundLearningRate:
    """Learning rate of the retraining after pruning: the original schedule again from an earlier epoch.

    original(epoch) gives the rate of the first training, which had total_epochs. Retraining lasts
    total_epochs - rewind_to epochs and repeats its last part (Renda et al. 2020, learning rate rewinding).
    """

    original: Callable[[float], float]
    total_epochs: int
    rewind_to: int

    def __post_init__(self) -> None:
        if not 0 <= self.rewind_to < self.total_epochs:
            raise ConfigError(
                f"learning rate rewinding: epoch {self.rewind_to} is outside 0..{self.total_epochs - 1}, the "
                "epochs of the original training"
            )

    @property
    def epochs(self) -> int:
        return self.total_epochs - self.rewind_to

    def __call__(self, epoch: float) -> float:
        """Return the rate of a retraining epoch (from 0); after the end, the original's last rate."""
        return self.original(min(self.rewind_to + epoch, self.total_epochs))
