"""Data sets and models that installed packages bring along, by the entry points they declare.

A package gives `tinygmp.datasets` (name -> a DataSet) and `tinygmp.models` (name -> a function that returns a folder of
.tgmp files). HAR-2 comes in through this door, as any other would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.progress import OnStep

DATASETS, MODELS = "tinygmp.datasets", "tinygmp.models"


@dataclass(frozen=True)
class Split:
    """Real windows float [windows, steps, channels] in the sensor's units, labels int64 [windows]."""

    windows: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Loaded:
    """A data set as it was found: what it is called, whether it was made up, training and test people."""

    name: str
    synthetic: bool
    train: Split
    test: Split


class DataSet(Protocol):
    """What a package tells of a data set of sensor windows."""

    title: str
    remedy: str  # how to get the data, where there is no local copy

    def takes(self, channel_names: tuple[str, ...], classes: int) -> bool:
        """Return whether a model with these channels and as many classes belongs to the data set."""
        ...

    def local_copy(self) -> Path | None:
        """Return where the data lie on this machine, None where they do not."""
        ...

    def load(self, source: str | None, on_step: OnStep) -> Loaded:
        """Return the data of a path, by name, or the best there is (None); raises DataError."""
        ...


def datasets() -> dict[str, DataSet]:
    """Return every data set that is installed, by name."""
    return {
        entry.name: entry.load() for entry in sorted(entry_points(group=DATASETS), key=lambda each: each.name)
    }


def dataset(name: str) -> DataSet:
    """Return one data set; raises ConfigError for a name that no package brings."""
    found = datasets()
    if name not in found:
        raise ConfigError(f"data set '{name}' is not installed; installed: {', '.join(found) or 'none'}")
    return found[name]


def dataset_of(channel_names: tuple[str, ...], classes: int) -> DataSet | None:
    """Return the data set that a model belongs to, None where there is none."""
    return next((each for each in datasets().values() if each.takes(channel_names, classes)), None)


def model_folders() -> list[Path]:
    """Return the folders of shipped .tgmp files."""
    folders: list[Callable[[], Path]] = [entry.load() for entry in entry_points(group=MODELS)]
    return [folder() for folder in folders]
