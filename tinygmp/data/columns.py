"""What the columns of a user's tables are: channels, a time column, a label, people, or nothing to train on."""

from collections.abc import Sequence

import numpy as np

from tinygmp.data.table import Table, is_empty, is_number
from tinygmp.data.times import is_counter, is_time_name, times_of
from tinygmp.errors import DataError

LABEL_NAMES = ("label", "class", "activity", "gesture", "target", "state", "y")
GROUP_NAMES = ("person", "subject", "user", "participant", "who", "group", "session", "recording")


def channels_of(tables: Sequence[Table], taken: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that are channels, and those left out: times, constants, text, and what few files have.

    A channel is in more than half of the files; those that lack it are told among the findings.
    """
    every = dict.fromkeys(name for table in tables for name in table.columns)
    channels: list[str] = []
    ignored: list[str] = []
    for name in (name for name in every if name not in taken):
        having = [table for table in tables if name in table.columns]
        rare = 2 * len(having) <= len(tables)
        texts = not any(is_number(cell) for cell in having[0].columns[name])
        useless = rare or texts or is_time(having, name) or is_constant(having, name)
        (ignored if useless else channels).append(name)
    if not channels:
        raise DataError(
            f"'{tables[0].path}': no column of numbers is left for channels; columns: {', '.join(tables[0].columns)}; "
            "a channel is a column of numbers that change, and in more than half of the files"
        )
    return tuple(channels), tuple(ignored)


def is_constant(tables: Sequence[Table], name: str) -> bool:
    """Tell whether a column never changes, over all recordings."""
    return len({cell for table in tables for cell in table.columns[name]}) == 1


def is_time(tables: Sequence[Table], name: str) -> bool:
    """Tell whether a column counts time or rows: called so, or rising with every row of every recording."""
    return is_time_name(name) or all(len(table.rows) > 3 and rises(table, name) for table in tables)


def rises(table: Table, name: str) -> bool:
    cells = table.columns[name]
    return all(is_number(cell) for cell in cells) and bool((np.diff(np.asarray(cells, np.float64)) > 0).all())


def time_column_of(tables: Sequence[Table], ignored: Sequence[str]) -> str:
    """Return the column of times, which most files have: one called so before one that only rises before a counter."""
    found = []
    for name in ignored:
        having = [table for table in tables if name in table.columns]
        if (
            2 * len(having) > len(tables)
            and is_time(having, name)
            and all(tells_time(table, name) for table in having)
        ):
            found.append(name)
    return min(found, key=lambda name: (is_counter(name), not is_time_name(name)), default="")


def tells_time(table: Table, name: str) -> bool:
    """Tell whether a column can be read as times, and goes on."""
    times = times_of(name, table.columns[name])
    return times is not None and (times.step is not None or len(times.values) < 2)


def guess(tables: Sequence[Table], names: Sequence[str], text: bool) -> str:
    """Return the column of one of these names; text: else the only one that holds text."""
    columns = list(tables[0].columns)
    for name in names:
        for column in columns:
            if column.lower() == name:
                return column
    texts = [
        name for name in columns
        if not is_time_name(name) and not any(is_number(cell) or is_empty(cell) for cell in tables[0].columns[name][:1])
    ] if text else []  # fmt: skip
    return texts[0] if len(texts) == 1 else ""
