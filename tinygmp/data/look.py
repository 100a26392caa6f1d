"""Look at a user's data before there is a recipe: layout, channels, classes, lengths, sampling rate, range."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tinygmp.data.columns import GROUP_NAMES, LABEL_NAMES, channels_of, guess, time_column_of
from tinygmp.data.example_recordings import NOTE
from tinygmp.data.findings import count_findings, folder_findings, recording_findings, table_findings
from tinygmp.data.npz import load_npz, npz_array, npz_arrays
from tinygmp.data.people import check_not_turned, people_findings, proposed_grouping
from tinygmp.data.rates import usual_rate
from tinygmp.data.recording import Recording
from tinygmp.data.recording_files import class_files, class_of, group_of, is_table, table_files, visible
from tinygmp.data.recording_windows import recording_of, runs_of
from tinygmp.data.recordings import GroupBy, Kind, Layout, check_classes
from tinygmp.data.table import Table, read_table
from tinygmp.errors import ConfigError, DataError
from tinygmp.progress import OnStep, silent

LONGEST_WINDOW = 128


@dataclass(frozen=True)
class Look:
    """What the data are, and what of it the recipe takes. rows: length of each recording; rate_hz: None if unknown.

    examples: one recording of each class, float32 [rows, channels]; warnings: what a user should change or know.
    """

    layout: Layout
    classes: tuple[str, ...]
    recordings: dict[str, int]
    rows: tuple[int, ...]
    groups: int
    ignored: tuple[str, ...]
    rate_hz: float | None
    largest: tuple[float, ...]
    whole_numbers: bool
    synthetic: bool
    examples: dict[str, np.ndarray]
    findings: tuple[str, ...] = ()

    @property
    def windows(self) -> int:
        """How many windows the recordings give."""
        if self.layout.kind == "npz":
            return sum(self.recordings.values())
        steps, stride = self.layout.window_steps, self.layout.stride_steps
        return sum((rows - steps) // stride + 1 for rows in self.rows if rows >= steps)

    @property
    def too_short(self) -> int:
        """How many recordings are shorter than a window."""
        return sum(rows < self.layout.window_steps for rows in self.rows)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should change in the data before training, in sentences."""
        if self.layout.kind == "npz" and self.groups == self.windows:
            return (
                *self.findings,
                "the file has no 'groups': windows of one recording or person may be trained on and tested with, "
                "which flatters the accuracy; add an array 'groups' with whom each window is of",
            )
        return self.findings


def look_at(path: Path, label: str = "", on_step: OnStep = silent) -> Look:
    """Return what the data at a path are; `label` names the label column of tables where it cannot be guessed.

    Raises DataError or ConfigError with the place and the remedy.
    """
    kind = kind_of(path)
    if kind == "npz":
        return look_at_npz(path)
    files = class_files(path) if kind == "class-folders" else table_files(path)
    tables = []
    for done, file in enumerate(files):
        on_step(f"reading {file.name}", done, len(files))
        tables.append(read_table(file))
    on_step("data read", len(files), len(files))
    return (
        look_at_class_folders(path, tables)
        if kind == "class-folders"
        else look_at_tables(path, tables, label)
    )


def kind_of(path: Path) -> Kind:
    """Return how data are laid out; raises DataError for what is none of the known layouts."""
    if not path.exists():
        raise DataError(f"data '{path}' do not exist; give a folder of recordings, a table, or an .npz file")
    if path.suffix == ".npz":
        return "npz"
    if path.is_file():
        return "table"
    if any(is_table(inner) for sub in visible(path) if sub.is_dir() for inner in sub.rglob("*")):
        return "class-folders"
    if any(is_table(entry) for entry in visible(path)):
        return "table"
    raise DataError(
        f"'{path}' holds no recordings; expected {path}/<class>/<recording>.csv, or tables with a label column"
    )


def look_at_class_folders(folder: Path, tables: Sequence[Table]) -> Look:
    files = [table.path for table in tables]
    check_not_turned(folder, files)
    names = [class_of(folder, file) for file in files]
    check_classes(folder, sorted(set(names)))
    channels, ignored = channels_of(tables, ())
    group_by, told = proposed_grouping(folder, files)
    rough = Layout(
        folder, "class-folders", channels, group_by=group_by, time_column=time_column_of(tables, ignored)
    )
    needed = needed_columns(rough)
    whole = complete(tables, needed)
    recordings = [recording_of(table, rough, table.numbers(channels, None)) for table in whole]
    rows = tuple(len(table.rows) for table in tables)
    layout = with_window(rough, rows)
    groups = {name: {group_of(folder, file, group_by) for file in files if class_of(folder, file) == name}
              for name in sorted(set(names))}  # fmt: skip
    findings = (
        *folder_findings(folder, sorted(set(names))),
        *table_findings(tables, needed, channels),
        *count_findings(groups),
        *people_findings(folder, files, group_by, told),
        *recording_findings(channels, recordings),
        *short_findings(layout, files, rows),
    )
    return summary(
        layout, dict(Counter(names)), rows, len(set().union(*groups.values())), ignored, recordings, findings
    )


def look_at_tables(path: Path, tables: Sequence[Table], label: str) -> Look:
    label = label or guess(tables, LABEL_NAMES, text=True)
    if not label:
        raise ConfigError(
            f"'{path}': which column holds the class? name it with --label; columns: {', '.join(tables[0].columns)}"
        )
    owner = guess(tables, GROUP_NAMES, text=False)
    owner = "" if owner == label else owner
    channels, ignored = channels_of(tables, (label, owner))
    group_by: GroupBy = "column" if owner else "recording"
    rough = Layout(path, "table", channels, 1, 1, label, owner, group_by, time_column_of(tables, ignored))
    needed = needed_columns(rough)
    whole = complete(tables, needed)
    recordings = [one for table in whole for one in runs_of(table, rough, table.numbers(channels, None))]
    counts = Counter(recording.label for recording in recordings)
    check_classes(path, sorted(counts))
    rows = tuple(len(recording.values) for recording in recordings)
    layout = with_window(rough, rows)
    groups = {name: {one.group for one in recordings if one.label == name} for name in sorted(counts)}
    findings = [
        *table_findings(tables, needed, channels),
        *count_findings(groups),
        *recording_findings(channels, recordings),
        *short_findings(layout, [recording.where.strip("'") for recording in recordings], rows),
    ]
    if not owner:
        findings.append(
            "no column tells people apart: the same person may be in training and in test, which flatters the "
            "accuracy; add a column 'person', and set group_by = \"column\" in the recipe"
        )
    count = len(set().union(*groups.values()))
    return summary(layout, dict(sorted(counts.items())), rows, count, ignored, recordings, tuple(findings))


def look_at_npz(path: Path) -> Look:
    arrays = npz_arrays(path)
    windows = npz_array(path, arrays, "windows")
    named = arrays.get("channels")
    width = windows.shape[-1] if windows.ndim == 3 else 0
    channels = (
        tuple(str(name) for name in named) if named is not None else tuple(f"c{i}" for i in range(width))
    )
    steps = windows.shape[1] if windows.ndim == 3 else 0
    layout = Layout(path, "npz", channels, steps, 1)
    data = load_npz(layout)
    counts = {name: int((data.windows.labels == number).sum()) for number, name in enumerate(data.classes)}
    recordings = [
        Recording(window, data.classes[label], group, f"'{path}': window {number}")
        for number, (window, label, group) in enumerate(
            zip(data.windows.windows, data.windows.labels, data.windows.groups, strict=True)
        )
    ]
    rows, groups = (steps,) * len(recordings), len(np.unique(data.windows.groups))
    return summary(layout, counts, rows, groups, (), recordings, ())


def needed_columns(layout: Layout) -> tuple[str, ...]:
    """Return the columns that `train` reads from every file."""
    named = (layout.time_column, layout.label_column if layout.kind == "table" else "", layout.group_column)
    return (*layout.channels, *filter(None, named))


def complete(tables: Sequence[Table], needed: Sequence[str]) -> list[Table]:
    """Return the tables that have every column that is needed; raises DataError where none has."""
    whole = [table for table in tables if all(name in table.columns for name in needed)]
    if not whole:
        raise DataError(
            f"'{tables[0].path}': no file has all of the columns {', '.join(needed)}, though each of them is in most "
            "files; give all files the same columns"
        )
    return whole


def summary(
    layout: Layout,
    counts: dict[str, int],
    rows: tuple[int, ...],
    groups: int,
    ignored: tuple[str, ...],
    recordings: Sequence[Recording],
    findings: tuple[str, ...],
) -> Look:
    values = [recording.values for recording in recordings]
    return Look(
        layout=layout,
        classes=tuple(sorted(counts)) if layout.kind != "npz" else tuple(counts),
        recordings=counts,
        rows=rows,
        groups=groups,
        ignored=ignored,
        rate_hz=usual_rate(recordings),
        largest=tuple(float(top) for top in np.max([np.abs(part).max(axis=0) for part in values], axis=0)),
        whole_numbers=all(np.array_equal(part, np.rint(part)) for part in values),
        synthetic=layout.path.is_dir() and (layout.path / NOTE).exists(),
        examples=dict(sorted({one.label: one.values for one in reversed(recordings)}.items())),
        findings=findings,
    )


def short_findings(layout: Layout, places: Sequence[Path | str], rows: Sequence[int]) -> list[str]:
    short = [(place, count) for place, count in zip(places, rows, strict=True) if count < layout.window_steps]
    if not short:
        return []
    place, count = short[0]
    return [
        f"'{place}' has {count} rows, a window needs {layout.window_steps} ({len(short)} recordings are shorter than "
        "a window); `train` refuses them: delete them, or lower window_steps"
    ]


def with_window(layout: Layout, rows: Sequence[int]) -> Layout:
    """Return a layout with half overlapping windows, as long as the shortest recording unless that is a stray one."""
    typical = int(np.median(rows))
    steps = max(1, min(LONGEST_WINDOW, min(rows) if 2 * min(rows) >= typical else typical // 2))
    return replace(layout, window_steps=steps, stride_steps=max(1, steps // 2))
