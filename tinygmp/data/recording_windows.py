"""A user's own labelled windows, out of an .npz file, folders of recordings, or long tables with a label column."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygmp.data.npz import load_npz
from tinygmp.data.recordings import Labelled, Layout, OwnData, check_classes, digest
from tinygmp.data.table import ARROW_SUFFIXES, CSV_SUFFIXES, Table, read_table
from tinygmp.errors import DataError
from tinygmp.progress import OnStep, silent


@dataclass(frozen=True)
class Recording:
    """Rows recorded in one go: float32 [rows, channels], their class, whom they belong to, and a name for errors."""

    values: np.ndarray
    label: str
    group: str
    where: str


def load_own(layout: Layout, on_step: OnStep = silent) -> OwnData:
    """Return a user's windows; raises DataError with file, row, column, value and remedy, or MissingToolError."""
    if not layout.path.exists():
        raise DataError(f"data '{layout.path}' does not exist; correct 'path' under [data] in the recipe")
    if layout.kind == "npz":
        return load_npz(layout)
    recordings = list(read_recordings(layout, on_step))
    classes = tuple(sorted({recording.label for recording in recordings}))
    check_classes(layout.path, classes)
    check_lengths(recordings, layout.window_steps)
    parts = [cut(recording, layout) for recording in recordings]
    counts = [len(part) for part in parts]
    windows = Labelled(
        np.concatenate(parts),
        np.repeat([classes.index(recording.label) for recording in recordings], counts).astype(np.int64),
        np.repeat([recording.group for recording in recordings], counts),
    )
    return OwnData(layout.channels, classes, windows, None, digest(windows, None))


def check_lengths(recordings: list[Recording], steps: int) -> None:
    """Raise DataError for recordings shorter than a window: the first by name, the others by number."""
    if short := [recording for recording in recordings if len(recording.values) < steps]:
        others = f" (and {len(short) - 1} more are too short)" if len(short) > 1 else ""
        raise DataError(
            f"{short[0].where} has {len(short[0].values)} rows, a window needs {steps}{others}; record longer, delete "
            "it, or lower window_steps in the recipe"
        )


def cut(recording: Recording, layout: Layout) -> np.ndarray:
    """Return the windows [n, steps, channels] of a recording of at least one."""
    views = np.lib.stride_tricks.sliding_window_view(recording.values, layout.window_steps, axis=0)
    return np.ascontiguousarray(views[:: layout.stride_steps].transpose(0, 2, 1))


def read_recordings(layout: Layout, on_step: OnStep = silent) -> Iterator[Recording]:
    """Yield every recording of class folders or tables, files in sorted order."""
    files = class_files(layout.path) if layout.kind == "class-folders" else table_files(layout.path)
    for done, path in enumerate(files):
        on_step(f"reading {path.name}", done, len(files))
        table = read_table(path)
        if layout.kind == "class-folders":
            group = prefix(path) if layout.group_by == "file-prefix" else str(path.relative_to(layout.path))
            yield Recording(table.numbers(layout.channels), path.parent.name, group, f"'{path}'")
        else:
            yield from runs_of(table, layout)
    on_step("data read", len(files), len(files))


def runs_of(table: Table, layout: Layout) -> Iterator[Recording]:
    """Yield each run of rows of a table with the same label and the same group."""
    values, labels = table.numbers(layout.channels), table.texts(layout.label_column)
    owners = table.texts(layout.group_column) if layout.group_by == "column" else labels
    start = 0
    for end in range(1, len(labels) + 1):
        if end == len(labels) or (labels[end], owners[end]) != (labels[start], owners[start]):
            first, last = table.rows[start], table.rows[end - 1]
            group = {
                "column": owners[start],
                "file-prefix": prefix(table.path),
                "recording": f"{table.path.name} rows {first}-{last}",
            }[layout.group_by]
            where = f"'{table.path}' rows {first} to {last}, class '{labels[start]}'"
            yield Recording(values[start:end], labels[start], group, where)
            start = end


def prefix(path: Path) -> str:
    """Return what a file's name begins with, up to its first '_' or '-'."""
    return path.stem.replace("-", "_").split("_")[0]


def class_files(folder: Path) -> list[Path]:
    """Return the recordings of folder/<class>/; raises DataError when there are none."""
    files = [path for sub in visible(folder) if sub.is_dir() for path in visible(sub) if is_table(path)]
    if not files:
        raise DataError(
            f"no recordings in '{folder}'; expected {folder}/<class>/<recording>.csv, one folder a class"
        )
    return files


def table_files(path: Path) -> list[Path]:
    """Return the file itself, or the tables right inside a folder; raises DataError when there are none."""
    files = [path] if path.is_file() else [entry for entry in visible(path) if is_table(entry)]
    if not files:
        raise DataError(f"no tables in '{path}'; expected .csv or .parquet files with a label column")
    return files


def visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "SYNTHETIC")))


def is_table(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in CSV_SUFFIXES + ARROW_SUFFIXES
