"""What a simulated or real run gives back, and the words that go in and out of the test firmware's port."""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError, DataError, SimulationError

LARGEST_WORD = 65535


@dataclass(frozen=True)
class StepCost:
    """What one call of the model's step costs, over all calls of a run: mean and worst.

    `cycles` is None where no simulator or validated model gives it; `cycles_method` says which one did.
    """

    calls: int
    instructions: float | None
    most_instructions: int | None
    cycles: float | None = None
    most_cycles: int | None = None
    cycles_method: str = ""


@dataclass(frozen=True)
class RunResult:
    """logits int32 [windows, classes], classes int64 [windows], peak stack in bytes, and what a step cost."""

    logits: np.ndarray
    classes: np.ndarray
    stack_bytes: int | None
    step: StepCost | None
    simulator: str
    marks: tuple[tuple[int, int], ...] = ()  # instructions and cycles from the step's begin to each mark


def input_words(counts: np.ndarray) -> np.ndarray:
    """Return what the firmware reads, int16: windows, steps, then int16 counts [windows, steps, channels]."""
    if counts.dtype != np.int16 or counts.ndim != 3 or 0 in counts.shape:
        raise DataError(
            f"windows must be int16 [windows, steps, channels], got {counts.dtype} {counts.shape}"
        )
    if max(counts.shape[:2]) > LARGEST_WORD:
        raise ConfigError(
            f"{counts.shape[0]} windows of {counts.shape[1]} steps: at most {LARGEST_WORD} of each"
        )
    head = np.array(counts.shape[:2], np.uint16).view(np.int16)
    return np.concatenate([head, counts.reshape(-1)])


def split_output(words: np.ndarray, windows: int, board: str) -> tuple[np.ndarray, np.ndarray]:
    """Return (logits int32 [windows, classes], classes int64 [windows]) from the int16 words that came out."""
    if len(words) == 0 or len(words) % windows or (len(words) // windows) % 2 != 1:
        raise SimulationError(f"board '{board}': {len(words)} words came back for {windows} windows")
    rows = words.reshape(windows, -1)
    logits = np.ascontiguousarray(rows[:, 1:]).astype("<i2").view("<i4").astype(np.int32)
    return logits, rows[:, 0].astype(np.int64)
