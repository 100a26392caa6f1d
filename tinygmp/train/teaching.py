"""Teaching: trained networks answer the very windows that a student sees, augmented alike, and it learns from them.

Softened answers of several networks tell more than labels alone (Hinton, Vinyals, Dean 2015). Teachers that run beside
every step would cost several times the training; here each of some augmented views of the data is answered once, and
all students share them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from tinygmp.errors import ConfigError

PART = 500  # windows answered at once


@dataclass(frozen=True)
class Teaching:
    """share: of the teachers' term in the loss, 0..1; temperature: by which both sides' logits are divided."""

    share: float = 0.7
    temperature: float = 2.0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ConfigError(f"teaching: share {self.share} is outside 0..1; try 0.7")
        if not self.temperature > 0:
            raise ConfigError(f"teaching: temperature {self.temperature} is not above 0; try 2")


class Taught(NamedTuple):
    """A batch: normalised windows [n, steps, inputs], and the classes' shares that teachers give, [n, classes]."""

    windows: Tensor
    wanted: Tensor


class TaughtBatches:
    """Augmented views of windows with the teachers' mean answers; a batch draws a view for each window."""

    def __init__(
        self,
        make_batch: Callable[[Tensor, torch.Generator], Tensor],
        count: int,
        teachers: Sequence[nn.Module],
        views: int,
        teaching: Teaching,
        seed: int = 0,
        on_view: Callable[[int, int], None] = lambda done, views: None,
    ) -> None:
        if views < 1 or not teachers:
            raise ConfigError(
                f"teaching: {len(teachers)} teachers and {views} views; at least 1 of each is needed"
            )
        generator = torch.Generator().manual_seed(seed)
        windows, wanted = [], []
        for view in range(views):
            parts = [make_batch(chosen, generator) for chosen in torch.arange(count).split(PART)]
            wanted.append(torch.cat([answers(teachers, part, teaching.temperature) for part in parts]))
            windows.append(torch.cat(parts).half())  # of normalised windows no more than the noise is lost
            on_view(view + 1, views)
        self.windows, self.wanted = torch.stack(windows), torch.stack(wanted)

    def __call__(self, chosen: Tensor, generator: torch.Generator) -> Taught:
        view = torch.randint(len(self.windows), chosen.shape, generator=generator)
        return Taught(self.windows[view, chosen].float(), self.wanted[view, chosen])


@torch.no_grad()
def answers(teachers: Sequence[nn.Module], windows: Tensor, temperature: float) -> Tensor:
    """Return the mean over teachers of the classes' shares, [n, classes], their logits divided by the temperature."""
    shares = [(teacher(windows) / temperature).softmax(1) for teacher in teachers]
    return torch.stack(shares).mean(0)


def taught_loss(
    logits: Tensor, labels: Tensor, wanted: Tensor, teaching: Teaching, smoothing: float
) -> Tensor:
    """Return (1 - share) * cross-entropy + share * T^2 * cross-entropy of both sides softened, the mean of a batch."""
    heat = teaching.temperature
    true = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    taught = -(wanted * (logits / heat).log_softmax(1)).sum(1).mean()
    return (1 - teaching.share) * true + teaching.share * heat**2 * taught
