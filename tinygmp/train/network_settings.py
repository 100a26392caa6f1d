"""How image networks train, and what one epoch gave."""

import math
from dataclasses import dataclass, field

from tinygmp.errors import ConfigError

PRECISIONS = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class TrainSettings:
    """How to train: batch_size is the whole batch over all processes; learning_rate is its peak.

    workers: threads that decode images, while the network trains on the batch before. average_decay: above 0, the
    exponential moving average of weights and batch-norm statistics is scored and returned. precision: of matrix
    products in the forward pass ('bfloat16', or 'float16' with a scaled loss); weights stay float32.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    optimiser: str = "sgd"
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0
    warmup_epochs: int = 0
    label_smoothing: float = 0.0
    seed: int = 0
    workers: int = 4
    average_decay: float = 0.0
    precision: str = "float32"

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1:
            raise ConfigError(
                f"training: {self.epochs} epochs of batch {self.batch_size}; both need 1 or more"
            )
        if not self.learning_rate > 0:
            raise ConfigError(f"training: learning rate {self.learning_rate} is not above 0; try 0.1")
        if self.optimiser not in ("sgd", "adam"):
            raise ConfigError(f"training: optimiser '{self.optimiser}' is unknown; use 'sgd' or 'adam'")
        if not 0 <= self.warmup_epochs <= self.epochs:
            raise ConfigError(f"training: {self.warmup_epochs} warm-up epochs are outside 0..{self.epochs}")
        if not 0 <= self.average_decay < 1:
            raise ConfigError(
                f"training: decay {self.average_decay} of the average is outside [0, 1); try 0.999"
            )
        if self.precision not in PRECISIONS:
            raise ConfigError(
                f"training: precision '{self.precision}' is unknown; use one of {', '.join(PRECISIONS)}"
            )

    def rate_at(self, epoch: int) -> float:
        """Return the learning rate of an epoch: linear warm-up, then half a cosine, one value an epoch."""
        if epoch < self.warmup_epochs:
            return self.learning_rate * (epoch + 1) / self.warmup_epochs
        progress = (epoch - self.warmup_epochs) / max(1, self.epochs - self.warmup_epochs)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


@dataclass(frozen=True)
class EpochRecord:
    """One epoch: mean training loss, test accuracy in 0..1, fraction of zeros over the pruner's weights.

    train_seconds: without the test; two runs that compute the same are equal whatever time they took.
    """

    epoch: int
    loss: float
    accuracy: float
    sparsity: float
    train_seconds: float = field(default=0.0, compare=False)
