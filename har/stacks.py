"""HAR-2 made ready for stacks of FastGRNN runs: data once, training with checkpoints in one folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from har.data import HarData
    from tinygmp.models.fastgrnn_stack import FastGrnnStack
    from tinygmp.prune.pruner import Pruner
    from tinygmp.train.fit_stack import StackHistory


class HarStacks:
    """Trains stacks on all training people and measures on the test people after every epoch.

    windows: train on this many windows only (0: all). Nothing may be chosen by what this measures: the
    figures are for comparison with papers, which report the best epoch on the test set, and the last epoch
    beside it.
    """

    def __init__(
        self, data: HarData, output: Path, progress: Callable[[str], None], windows: int = 0
    ) -> None:
        import numpy as np

        from har.sensor import fit_scaling
        from tinygmp.train.augment import Augmentation, WindowBatches

        self.output, self.progress = output, progress
        output.mkdir(parents=True, exist_ok=True)
        train = data.train
        if windows:
            chosen = np.sort(np.random.default_rng(0).permutation(len(train))[:windows])
            train = train.where(chosen)
        scaling = fit_scaling(data.train.windows)
        self.batches = WindowBatches(train, scaling, Augmentation())
        self.labels = train.labels
        test = ((data.test.windows - scaling.mean) / scaling.std).astype(np.float32)
        self.test: tuple[np.ndarray, np.ndarray] = (test, data.test.labels)

    def train(
        self,
        stack: FastGrnnStack,
        group: str,
        epochs: int,
        seeds: Sequence[int],
        pruners: Sequence[Pruner | None],
        learning_rate: float = 6.4e-3,
    ) -> StackHistory:
        """Train a stack, or go on with it, and store its weights as <group>.safetensors."""
        from tinygmp.train.fit_stack import StackSettings, fit_stack
        from tinygmp.train.run_recipe import save_state

        def report(epoch: int, history: StackHistory) -> None:
            mean = sum(history.accuracies[-1]) / stack.runs
            self.progress(f"{group}: epoch {epoch + 1} of {epochs}, mean test accuracy {100 * mean:.2f} %")

        checkpoint = self.output / f"{group}.checkpoint"
        settings = StackSettings(epochs, learning_rate=learning_rate)
        training = fit_stack(
            stack, self.batches, self.labels, self.test, settings, seeds, pruners, checkpoint, report
        )
        save_state(stack, self.output / f"{group}.safetensors")
        return training.history

    def load(self, stack: FastGrnnStack, group: str) -> FastGrnnStack:
        """Fill a stack with what `train` stored, and return it."""
        from tinygmp.train.run_recipe import load_state, read_state

        path = self.output / f"{group}.safetensors"
        load_state(stack, read_state(path), str(path))
        return stack
