"""What a user's own data set is, wherever it came from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from tinygmp.errors import DataError

Kind = Literal["npz", "class-folders", "table"]
GroupBy = Literal["recording", "file-prefix", "file-suffix", "folder", "column"]


@dataclass(frozen=True)
class Layout:
    """How a user's data lie on disk, and how windows are cut out of them.

    kind: 'npz'; 'class-folders' (path/<class>/<file>, or deeper, a file a recording); 'table' (one file or a folder of
    files with a label column; a run of rows with one label is a recording). channels: columns in the model's order; of
    an .npz their names. group_by: what must not be torn apart by a split: each recording; all files whose names begin
    alike up to the first '_' or '-', or end alike after the last (a person, a day); all files of one folder within the
    class; or all rows with one value of group_column. time_column: tells gaps, '' for none; fill_gap_rows: up to
    so many missing rows, or empty cells in a run, are filled.
    """

    path: Path
    kind: Kind
    channels: tuple[str, ...]
    window_steps: int = 0
    stride_steps: int = 0
    label_column: str = "label"
    group_column: str = ""
    group_by: GroupBy = "recording"
    time_column: str = ""
    fill_gap_rows: int = 0


@dataclass(frozen=True)
class Labelled:
    """Windows float32 [n, steps, channels], labels int64 [n], and the group of each, text [n]."""

    windows: np.ndarray
    labels: np.ndarray
    groups: np.ndarray

    def where(self, chosen: np.ndarray) -> "Labelled":
        return Labelled(self.windows[chosen], self.labels[chosen], self.groups[chosen])

    def __len__(self) -> int:
        return len(self.windows)


@dataclass(frozen=True)
class OwnData:
    """A data set: class names in the order of the label numbers; test windows only where the user set some apart.

    rate_hz: samples a second by the recordings' own times, None where they do not tell; notes: sentences on gaps.
    """

    channels: tuple[str, ...]
    classes: tuple[str, ...]
    windows: Labelled
    test: Labelled | None
    sha256: str
    rate_hz: float | None = None
    notes: tuple[str, ...] = ()


def check_classes(path: Path, classes: Sequence[str]) -> None:
    if len(classes) < 2:
        only = f"only the class '{classes[0]}'" if classes else "no class"
        raise DataError(f"'{path}' holds {only}; a classifier needs at least 2: record another one")


def digest(windows: Labelled, test: Labelled | None) -> str:
    """Return the SHA-256 of all windows, labels and groups."""
    found = hashlib.sha256()
    for part in (windows, test):
        if part is not None:
            for array in (part.windows, part.labels, np.char.encode(part.groups.astype(str), "utf-8")):
                found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
