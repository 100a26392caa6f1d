"""Fine-tuning a pruned network towards the answers of the dense one (Hinton, Vinyals, Dean 2015)."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from tinygmp.errors import ConfigError


@dataclass(frozen=True)
class Distillation:
    """A loss for fit: (1 - share) * cross-entropy + share * T^2 * KL(teacher || student), both softened by T.

    teacher: a trained network on the same device; it is put in evaluation mode and gets no gradients. share: of the
    teacher's term, 0..1. The factor T^2 keeps gradients alike when the temperature T changes (equation 4).
    """

    teacher: nn.Module
    share: float = 0.5
    temperature: float = 4.0
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ConfigError(f"distillation: share {self.share} of the teacher is outside 0..1; try 0.5")
        if not self.temperature > 0:
            raise ConfigError(f"distillation: temperature {self.temperature} is not above 0; try 4")
        self.teacher.eval()

    def __call__(self, images: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of images [batch, ...] with the student's logits [batch, classes]."""
        with torch.no_grad():
            wanted = functional.log_softmax(self.teacher(images).float() / self.temperature, 1)
        given = functional.log_softmax(logits / self.temperature, 1)
        apart = functional.kl_div(given, wanted, log_target=True, reduction="batchmean") * self.temperature**2
        true = functional.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
        return (1 - self.share) * true + self.share * apart
