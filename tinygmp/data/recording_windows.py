"""A user's own labelled windows, out of an .npz file, folders of recordings, or long tables with a label column."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tinygmp.data.findings import value_findings
from tinygmp.data.npz import load_npz
from tinygmp.data.rates import check_times, rate_of
from tinygmp.data.recording import Recording
from tinygmp.data.recording_files import class_files, class_of, group_of, table_files
from tinygmp.data.recordings import Labelled, Layout, OwnData, check_classes, digest
from tinygmp.data.table import Table, read_table
from tinygmp.data.times import Times, times_of
from tinygmp.errors import DataError
from tinygmp.progress import OnStep, silent


def load_own(layout: Layout, on_step: OnStep = silent) -> OwnData:
    """Return a user's windows; raises DataError with file, row, column, value and remedy, or MissingToolError."""
    if not layout.path.exists():
        raise DataError(f"data '{layout.path}' does not exist; correct 'path' under [data] in the recipe")
    if layout.kind == "npz":
        return load_npz(layout)
    recordings = list(read_recordings(layout, on_step))
    classes = tuple(sorted({recording.label for recording in recordings}))
    check_classes(layout.path, classes)
    check_times(recordings)
    pieces = [recording.pieces(layout.fill_gap_rows) for recording in recordings]
    check_lengths(recordings, pieces, layout.window_steps)
    parts = [windows_of(piece, layout) for piece in pieces]
    counts = [len(part) for part in parts]
    windows = Labelled(
        np.concatenate(parts),
        np.repeat([classes.index(recording.label) for recording in recordings], counts).astype(np.int64),
        np.repeat([recording.group for recording in recordings], counts),
    )
    return OwnData(
        layout.channels,
        classes,
        windows,
        None,
        digest(windows, None),
        rate_of(recordings),
        notes_of(layout, recordings),
    )


def check_lengths(
    recordings: Sequence[Recording], pieces: Sequence[tuple[np.ndarray, ...]], steps: int
) -> None:
    """Raise DataError for recordings without a piece as long as a window: the first by name, the others by number."""
    longest = [max(len(piece) for piece in each) for each in pieces]
    if short := [place for place, rows in enumerate(longest) if rows < steps]:
        others = f" (and {len(short) - 1} more are too short)" if len(short) > 1 else ""
        torn = " between gaps" if len(pieces[short[0]]) > 1 else ""
        raise DataError(
            f"{recordings[short[0]].where} has {longest[short[0]]} rows{torn}, a window needs {steps}{others}; record "
            "longer, delete it, or lower window_steps in the recipe"
        )


def notes_of(layout: Layout, recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Return what was done about gaps, and what the values show, in sentences."""
    shown = tuple(value_findings(layout.channels, recordings))
    torn = [recording for recording in recordings if recording.long_gaps(layout.fill_gap_rows)]
    if not torn:
        return shown
    cuts = sum(len(recording.long_gaps(layout.fill_gap_rows)) for recording in torn)
    return (
        f"{len(torn)} recordings are cut at {cuts} gaps or falls of '{layout.time_column}', the first is "
        f"{torn[0].where}: no window lies across one",
        *shown,
    )


def windows_of(pieces: Sequence[np.ndarray], layout: Layout) -> np.ndarray:
    """Return the windows of a recording's pieces [n, steps, channels]; at least one is long enough."""
    return np.concatenate([cut(piece, layout) for piece in pieces if len(piece) >= layout.window_steps])


def cut(values: np.ndarray, layout: Layout) -> np.ndarray:
    """Return the windows [n, steps, channels] of rows of at least one."""
    views = np.lib.stride_tricks.sliding_window_view(values, layout.window_steps, axis=0)
    return np.ascontiguousarray(views[:: layout.stride_steps].transpose(0, 2, 1))


def read_recordings(layout: Layout, on_step: OnStep = silent) -> Iterator[Recording]:
    """Yield every recording of class folders or tables, files in sorted order."""
    files = class_files(layout.path) if layout.kind == "class-folders" else table_files(layout.path)
    for done, path in enumerate(files):
        on_step(f"reading {path.name}", done, len(files))
        table = read_table(path)
        if layout.kind == "class-folders":
            yield recording_of(table, layout, table.numbers(layout.channels, layout.fill_gap_rows))
        else:
            yield from runs_of(table, layout, table.numbers(layout.channels, layout.fill_gap_rows))
    on_step("data read", len(files), len(files))


def recording_of(table: Table, layout: Layout, values: np.ndarray) -> Recording:
    """Return the recording that a file of class folders is, of the channels' values."""
    return Recording(
        values,
        class_of(layout.path, table.path),
        group_of(layout.path, table.path, layout.group_by),
        f"'{table.path}'",
        table.rows,
        read_times(table, layout.time_column),
    )


def read_times(table: Table, column: str) -> Times | None:
    """Return the times of a table's rows; raises DataError where the column holds something else."""
    if not column:
        return None
    cells = table.column(column)
    times = times_of(column, cells)
    if times is None:
        place = next(
            (row for row, cell in zip(table.rows, cells, strict=True) if times_of(column, [cell]) is None), 1
        )
        raise DataError(
            f"'{table.path}' row {place}, column '{column}': is no time; correct it, or set time_column = \"\" in the "
            "recipe, and gaps are not looked for"
        )
    return times


def runs_of(table: Table, layout: Layout, values: np.ndarray) -> Iterator[Recording]:
    """Yield each run of rows of a table with the same label and the same group."""
    labels, times = table.texts(layout.label_column), read_times(table, layout.time_column)
    owners = table.texts(layout.group_column) if layout.group_by == "column" else labels
    start = 0
    for end in range(1, len(labels) + 1):
        if end == len(labels) or (labels[end], owners[end]) != (labels[start], owners[start]):
            first, last = table.rows[start], table.rows[end - 1]
            group = f"{table.path.name} rows {first}-{last}"
            if layout.group_by == "column":
                group = owners[start]
            elif layout.group_by != "recording":
                group = group_of(table.path.parent, table.path, layout.group_by)
            where = f"'{table.path}' rows {first} to {last}, class '{labels[start]}'"
            own = replace(times, values=times.values[start:end]) if times else None
            yield Recording(values[start:end], labels[start], group, where, table.rows[start:end], own)
            start = end
