"""How a window classifier is trained."""

from dataclasses import dataclass, field

from tinygmp.errors import ConfigError
from tinygmp.prune.minimum import Minimum
from tinygmp.prune.schedule import GradualSchedule
from tinygmp.train.teaching import Teaching


@dataclass(frozen=True)
class WindowSettings:
    """AdamW with a one-cycle learning rate, gradual pruning, and an average of the weights.

    learning_rate is the peak. average_decay is that of the exponential moving average over optimiser steps.
    pruning None trains dense. minimum: what each matrix keeps at least, see tinygmp.prune.minimum. teaching: how much
    the answers of teachers weigh, where batches have some.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.01
    label_smoothing: float = 0.05
    warmup_fraction: float = 0.3
    gradient_norm: float = 1.0
    average_decay: float = 0.998
    pruning: GradualSchedule | None = None
    minimum: Minimum = None
    seed: int = 0
    teaching: Teaching = field(default_factory=Teaching)

    def __post_init__(self) -> None:
        for name, low, high in (
            ("epochs", 1, 100_000),
            ("batch_size", 1, 1_000_000),
            ("learning_rate", 1e-9, 10.0),
            ("weight_decay", 0.0, 10.0),
            ("label_smoothing", 0.0, 0.9),
            ("warmup_fraction", 0.0, 0.99),
            ("gradient_norm", 1e-6, 1e6),
            ("average_decay", 0.0, 0.999999),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"training: {name} {value} is outside {low}..{high}")
        if self.pruning and self.pruning.end_epoch >= self.epochs:
            raise ConfigError(
                f"training: pruning ends at epoch {self.pruning.end_epoch}, but there are {self.epochs} epochs; "
                "leave epochs for fine-tuning"
            )
