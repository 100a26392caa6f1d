"""What a packed model is checked with: its inputs, perhaps labels, and where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from tinygmp.errors import ConfigError, DataError
from tinygmp.foreign import read_arrays
from tinygmp.graph.model import PackedModel


@dataclass(frozen=True)
class Samples:
    """One array an input of the model as it takes them, [samples, *shape], of a recurrent one [samples, steps, *shape].

    labels: int64 [samples] or None; skipped: the files that could not be decoded.
    """

    name: str
    synthetic: bool
    inputs: tuple[np.ndarray, ...]
    labels: np.ndarray | None = None
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.inputs[0])

    @cached_property
    def first(self) -> np.ndarray:
        """The first input: counts of windows, pixels of images."""
        return self.inputs[0]

    def chosen(self, indices: np.ndarray) -> "Samples":
        """Return the samples of these indices."""
        labels = None if self.labels is None else self.labels[indices]
        return replace(self, inputs=tuple(each[indices] for each in self.inputs), labels=labels)

    def spread(self, count: int | None) -> "Samples":
        """Return at most `count` samples, spread evenly over all."""
        return self.chosen(spread_over(len(self), count))


def spread_over(count: int, limit: int | None) -> np.ndarray:
    """Return at most `limit` indices spread evenly over `count`; raises ConfigError for a limit below 1."""
    if limit is None:
        return np.arange(count)
    if limit < 1:
        raise ConfigError(f"{limit} samples: at least 1 is needed")
    return np.unique(np.linspace(0, count - 1, limit).round().astype(int))


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file by name; raises DataError for any other."""
    return read_arrays(path, "give an .npz file of arrays")


def own_samples(
    model: PackedModel, path: Path, inputs: Sequence[np.ndarray], labels: np.ndarray | None
) -> Samples:
    """Return a user's arrays as samples; raises DataError, naming the file, where they do not fit the model."""
    leading = 2 if model.recurrent else 1
    for name, array in zip(model.inputs, inputs, strict=True):
        value = model.values[name]
        if array.dtype != value.dtype or array.shape[leading:] != value.shape or not array.size:
            axes = ", ".join((*("windows", "steps")[:leading], *map(str, value.shape)))
            raise DataError(
                f"'{path}': '{name}' is {array.dtype} {array.shape}, expected {value.dtype} [{axes}]"
            )
    counts = {len(array) for array in inputs}
    if len(counts) > 1:
        raise DataError(f"'{path}': its arrays hold {sorted(counts)} samples; give every input as many")
    (count,) = counts
    if labels is not None and (
        labels.shape != (count,) or not np.isin(labels, range(len(model.labels))).all()
    ):
        raise DataError(f"'{path}': labels must be {count} classes of 0..{len(model.labels) - 1}")
    return Samples(str(path), False, tuple(inputs), None if labels is None else labels.astype(np.int64))
