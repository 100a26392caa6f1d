"""Look at a user's data before there is a recipe: layout, channels, classes, lengths, sampling rate, range."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygmp.data.example_recordings import NOTE
from tinygmp.data.npz import load_npz, npz_array, npz_arrays
from tinygmp.data.recording_windows import class_files, is_table, prefix, runs_of, table_files, visible
from tinygmp.data.recordings import GroupBy, Kind, Layout, check_classes
from tinygmp.data.table import Table, is_number, read_table
from tinygmp.errors import ConfigError, DataError
from tinygmp.progress import OnStep, silent

TIME_NAMES = ("time", "timestamp", "ms", "us", "sec", "index", "sample", "frame", "row", "id", "no", "nr", "")
LABEL_NAMES = ("label", "class", "activity", "gesture", "target", "state", "y")
GROUP_NAMES = ("person", "subject", "user", "participant", "who", "group", "session", "recording")
LONGEST_WINDOW = 128
LEAST_PREFIXES = 4  # so many beginnings of file names, each in every class, are taken for people


@dataclass(frozen=True)
class Look:
    """What the data are, and what of it the recipe takes. rows: length of each recording; rate_hz: None if unknown."""

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
        told = []
        if self.too_short:
            told.append(
                f"{self.too_short} recordings are shorter than a window of {self.layout.window_steps} rows; `train` "
                "refuses them: delete them, or lower window_steps"
            )
        if self.layout.kind == "npz" and self.groups == self.windows:
            told.append(
                "the file has no 'groups': windows of one recording or person may be trained on and tested with, which "
                "flatters the accuracy; add an array 'groups' with whom each window is of"
            )
        return tuple(told)


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
    if any(is_table(inner) for sub in visible(path) if sub.is_dir() for inner in visible(sub)):
        return "class-folders"
    if any(is_table(entry) for entry in visible(path)):
        return "table"
    raise DataError(
        f"'{path}' holds no recordings; expected {path}/<class>/<recording>.csv, or tables with a label column"
    )


def look_at_class_folders(folder: Path, tables: Sequence[Table]) -> Look:
    names = [table.path.parent.name for table in tables]
    check_classes(folder, sorted(set(names)))
    channels, ignored = channels_of(tables, ())
    values = [table.numbers(channels) for table in tables]
    by_people = grouped_by_prefix(tables)
    rows = tuple(len(part) for part in values)
    layout = Layout(
        folder,
        "class-folders",
        channels,
        *window_of(rows),
        group_by="file-prefix" if by_people else "recording",
    )
    groups = len({prefix(table.path) for table in tables}) if by_people else len(tables)
    return summary(layout, dict(Counter(names)), rows, groups, ignored, tables, values)


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
    rough = Layout(path, "table", channels, 1, 1, label, owner, group_by)
    recordings = [recording for table in tables for recording in runs_of(table, rough)]
    counts = Counter(recording.label for recording in recordings)
    check_classes(path, sorted(counts))
    rows = tuple(len(recording.values) for recording in recordings)
    layout = Layout(path, "table", channels, *window_of(rows), label, owner, group_by)
    groups = len({recording.group for recording in recordings})
    values = [recording.values for recording in recordings]
    return summary(layout, dict(sorted(counts.items())), rows, groups, ignored, tables, values)


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
    rows = (steps,) * len(data.windows)
    groups = len(np.unique(data.windows.groups))
    return summary(layout, counts, rows, groups, (), [], [data.windows.windows.reshape(-1, len(channels))])


def summary(
    layout: Layout,
    counts: dict[str, int],
    rows: tuple[int, ...],
    groups: int,
    ignored: tuple[str, ...],
    tables: Sequence[Table],
    values: Sequence[np.ndarray],
) -> Look:
    return Look(
        layout=layout,
        classes=tuple(sorted(counts)) if layout.kind != "npz" else tuple(counts),
        recordings=counts,
        rows=rows,
        groups=groups,
        ignored=ignored,
        rate_hz=rate_of(tables, ignored),
        largest=tuple(float(top) for top in np.max([np.abs(part).max(axis=0) for part in values], axis=0)),
        whole_numbers=all(np.array_equal(part, np.rint(part)) for part in values),
        synthetic=layout.path.is_dir() and (layout.path / NOTE).exists(),
    )


def channels_of(tables: Sequence[Table], taken: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that are channels, and those left out: times, counters, constants, and text."""
    first = tables[0]
    shared = [name for name in first.columns if all(name in table.columns for table in tables)]
    channels: list[str] = []
    ignored = [name for name in first.columns if name not in shared]
    for name in (name for name in shared if name not in taken):
        texts = not any(is_number(cell) for cell in first.columns[name])
        useless = texts or is_time(tables, name) or is_constant(tables, name)
        (ignored if useless else channels).append(name)
    if not channels:
        raise DataError(
            f"'{first.path}': no column of numbers is left for channels; columns: {', '.join(first.columns)}"
        )
    return tuple(channels), tuple(ignored)


def is_constant(tables: Sequence[Table], name: str) -> bool:
    """Tell whether a column never changes, over all recordings."""
    return len({cell for table in tables for cell in table.columns[name]}) == 1


def is_time(tables: Sequence[Table], name: str) -> bool:
    """Tell whether a column counts time or rows: called so, or rising with every row of every recording."""
    words = name.lower().replace("(", "_").replace(")", "_").replace(" ", "_").replace("[", "_").split("_")
    if words[0] in TIME_NAMES or name.lower() == "t":
        return True
    return all(len(table.rows) > 3 and rises(table, name) for table in tables)


def rises(table: Table, name: str) -> bool:
    cells = table.columns[name]
    return all(is_number(cell) for cell in cells) and bool((np.diff(np.asarray(cells, np.float64)) > 0).all())


def rate_of(tables: Sequence[Table], ignored: Sequence[str]) -> float | None:
    """Return samples a second by the first time column, None where there is none or its unit is unclear."""
    for name in ignored:
        if tables and is_time(tables, name) and len(tables[0].rows) > 1 and rises(tables[0], name):
            step = float(np.median(np.diff(np.asarray(tables[0].columns[name], np.float64))))
            unit = {"ms": 1e3, "us": 1e6}.get(name.lower().rstrip(")]")[-2:], 1.0)
            if unit > 1 or step < 1:
                return unit / step
    return None


def guess(tables: Sequence[Table], names: Sequence[str], text: bool) -> str:
    """Return the column of one of these names; text: else the only one that holds text."""
    columns = list(tables[0].columns)
    for name in names:
        for column in columns:
            if column.lower() == name:
                return column
    texts = [name for name in columns if not is_number(tables[0].columns[name][0])] if text else []
    return texts[0] if len(texts) == 1 else ""


def grouped_by_prefix(tables: Sequence[Table]) -> bool:
    """Tell whether file names begin with people: some beginnings, each of them in more than one class."""
    classes: dict[str, set[str]] = {}
    for table in tables:
        classes.setdefault(prefix(table.path), set()).add(table.path.parent.name)
    return LEAST_PREFIXES <= len(classes) < len(tables) and all(len(seen) > 1 for seen in classes.values())


def window_of(rows: Sequence[int]) -> tuple[int, int]:
    """Return window and stride in rows, half overlapping: the shortest recording, unless that is a stray one."""
    typical = int(np.median(rows))
    steps = min(LONGEST_WINDOW, min(rows) if 2 * min(rows) >= typical else typical // 2)
    return steps, max(1, steps // 2)
