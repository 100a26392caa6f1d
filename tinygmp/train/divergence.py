"""Tell early that a training goes wrong, and stop one that has."""

import math

from tinygmp.errors import DivergenceError

RISE = 1.5  # times the best loss so far
PATIENCE = 5  # epochs in a row


class DivergenceWatch:
    """Watches the loss of each epoch."""

    def __init__(self) -> None:
        self.best = math.inf
        self.risen = 0

    def after_epoch(self, epoch: int, loss: float) -> str | None:
        """Return a warning when the loss has stayed high for some epochs; DivergenceError when it is not finite."""
        if not math.isfinite(loss):
            raise DivergenceError(
                f"training: loss is {loss} in epoch {epoch}; lower the learning rate or clip gradients"
            )
        self.best = min(self.best, loss)
        self.risen = self.risen + 1 if loss > RISE * self.best else 0
        if self.risen < PATIENCE:
            return None
        return (
            f"loss {loss:.3f} in epoch {epoch} has been above {RISE} x its best {self.best:.3f} for {self.risen} "
            "epochs: training may be diverging; lower the learning rate"
        )
