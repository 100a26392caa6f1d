"""When the sparsity rises, and when it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tinygmp.errors import ConfigError


def check_sparsity(sparsity: float, owner: str) -> float:
    """Return the sparsity, or raise ConfigError when it is outside [0, 1) or not a number."""
    if not 0.0 <= sparsity < 1.0:
        raise ConfigError(
            f"{owner}: sparsity {sparsity} is outside [0, 1); it is the fraction of zeros, 0.9 for 90 %"
        )
    return float(sparsity)


@dataclass(frozen=True)
class OneShotSchedule:
    """All pruning at once, at start_epoch (0: before the first epoch of fine-tuning)."""

    final_sparsity: float
    start_epoch: int = 0

    def __post_init__(self) -> None:
        check_sparsity(self.final_sparsity, "one-shot schedule")
        if self.start_epoch < 0:
            raise ConfigError(
                f"one-shot schedule: start_epoch {self.start_epoch} is below 0; start at 0 or later"
            )

    def sparsity_at(self, epoch: float) -> float:
        """Return the target sparsity when the epoch begins (epochs count from 0)."""
        return self.final_sparsity if epoch >= self.start_epoch else 0.0

    def prunes_at(self, epoch: int) -> bool:
        """Tell whether the mask is renewed when this epoch begins."""
        return epoch == self.start_epoch


@dataclass(frozen=True)
class GradualSchedule:
    """Sparsity that rises from initial_sparsity to final_sparsity between two epochs, then stays.

    cubic: s(t) = s_f + (s_i - s_f) * (1 - t)^3, t = 0 at start_epoch and 1 at end_epoch (Zhu and Gupta 2017,
    equation 1); linear: equal steps, as the gradual runs of the Global MP paper. frequency: epochs between
    renewals of the mask; between them the sparsity stays at its last step. The last renewal is at end_epoch
    whatever the frequency.
    """

    final_sparsity: float
    start_epoch: int
    end_epoch: int
    shape: Literal["cubic", "linear"] = "cubic"
    frequency: int = 1
    initial_sparsity: float = 0.0

    def __post_init__(self) -> None:
        check_sparsity(self.final_sparsity, "gradual schedule, final")
        check_sparsity(self.initial_sparsity, "gradual schedule, initial")
        if self.initial_sparsity > self.final_sparsity:
            raise ConfigError(
                f"gradual schedule: initial sparsity {self.initial_sparsity} exceeds the final "
                f"{self.final_sparsity}; sparsity must not fall"
            )
        if not 0 <= self.start_epoch <= self.end_epoch:
            raise ConfigError(
                f"gradual schedule: epochs {self.start_epoch} to {self.end_epoch} need 0 <= start <= end"
            )
        if self.frequency < 1:
            raise ConfigError(f"gradual schedule: frequency {self.frequency} is below 1 epoch; use 1 or more")
        if self.shape not in ("cubic", "linear"):
            raise ConfigError(f"gradual schedule: shape '{self.shape}' is unknown; use 'cubic' or 'linear'")

    def sparsity_at(self, epoch: float) -> float:
        """Return the target sparsity when the epoch begins (epochs count from 0)."""
        if epoch < self.start_epoch:
            return 0.0
        if epoch >= self.end_epoch:
            return self.final_sparsity
        step = (int(epoch) - self.start_epoch) // self.frequency * self.frequency
        progress = step / (self.end_epoch - self.start_epoch)
        remaining = (1.0 - progress) ** (3 if self.shape == "cubic" else 1)
        return self.final_sparsity + (self.initial_sparsity - self.final_sparsity) * remaining

    def prunes_at(self, epoch: int) -> bool:
        """Tell whether the mask is renewed when this epoch begins."""
        if not self.start_epoch <= epoch <= self.end_epoch:
            return False
        return epoch == self.end_epoch or (epoch - self.start_epoch) % self.frequency == 0
