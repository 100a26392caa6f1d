"""What is wrong, or may be, with recordings, in sentences that name file, place, cause and remedy."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tinygmp.data.rates import ORDER_REMEDY, odd_rates, out_of_order, usual_step
from tinygmp.data.recording import NEGLIGIBLE_ROWS, Recording
from tinygmp.data.recording_files import files_below, is_table, visible
from tinygmp.data.table import Table
from tinygmp.data.times import Gap, is_counter
from tinygmp.data.unit_outliers import unit_findings

NOTED_JITTER = 0.3  # of a step
NEEDED = 3
NOT_DATA = (".md", ".png", ".jpg", ".toml", ".json", ".py", ".pdf", ".html")


def recording_findings(channels: Sequence[str], recordings: Sequence[Recording]) -> list[str]:
    """Return what the values and times of recordings show."""
    ordered = [one for one in recordings if not one.times or not one.times.disordered]
    return [
        *order_findings(recordings),
        *rate_findings(ordered),
        *time_findings(ordered),
        *value_findings(channels, recordings),
    ]


def value_findings(channels: Sequence[str], recordings: Sequence[Recording]) -> list[str]:
    """Return what the values alone show."""
    return [
        *unit_findings(channels, recordings),
        *still_channels(channels, recordings),
        *copies(recordings),
    ]


def order_findings(recordings: Sequence[Recording]) -> list[str]:
    disordered = out_of_order(recordings)
    return [f"{disordered}; `train` refuses it: {ORDER_REMEDY}"] if disordered else []


def rate_findings(recordings: Sequence[Recording]) -> list[str]:
    if odd := odd_rates(recordings):
        return [
            f'{odd}; `train` refuses them: resample or delete them, or set time_column = "" in the recipe where the '
            "times are wrong"
        ]
    timed = [one.times for one in recordings if one.times and one.times.step]
    steps = [times.step for times in timed if times.step]
    if not steps:
        return []
    times, usual = timed[0], usual_step(steps)
    if is_counter(times.column):
        return [
            f"column '{times.column}' counts rows and tells no rate: write rate_hz into the recipe; the firmware must "
            "sample at it"
        ]
    if times.per_second is None:
        return [
            f"column '{times.column}' has steps of {usual:.4g} of an unknown unit: call it time_ms, time_us or "
            "time_s, or write rate_hz into the recipe; the firmware must sample at this rate"
        ]
    return []


def time_findings(recordings: Sequence[Recording]) -> list[str]:
    """Return what the time columns tell: gaps that tear, gaps that may be filled, falls, repeats, jitter."""

    def falls(one: Recording) -> list[Gap]:
        return [gap for gap in one.long_gaps(0) if not gap.missing]

    def long(one: Recording) -> list[Gap]:
        return [gap for gap in one.long_gaps(0) if gap.missing]

    def short(one: Recording) -> list[Gap]:
        return [gap for gap in (one.times.gaps if one.times else ()) if 0 < gap.missing <= NEGLIGIBLE_ROWS]

    told = []
    if long_gap := gap_sentence(recordings, long, "missing"):
        told.append(
            f"{long_gap}; `train` cuts there, so that no window lies across a gap; fill_gap_rows in the recipe fills "
            "gaps of up to so many rows"
        )
    if short_gap := gap_sentence(recordings, short, "missing"):
        told.append(
            f"{short_gap}; so few are left as they are; fill_gap_rows = {NEGLIGIBLE_ROWS} in the recipe fills them "
            "with a straight line"
        )
    if fall := gap_sentence(recordings, falls, ""):
        told.append(
            f'{fall}; `train` cuts there; sort the rows, or cut the file, or set time_column = "" where the times '
            "are wrong"
        )
    return [*told, *steadiness(recordings)]


def gap_sentence(recordings: Sequence[Recording], chosen: Callable[[Recording], list[Gap]], what: str) -> str:
    """Return the first gap of a kind with its place, and how many more there are; '' for none."""
    having = [(one, gaps) for one in recordings if (gaps := chosen(one))]
    if not having:
        return ""
    one, gaps = having[0]
    times = one.times
    assert times is not None
    gap = gaps[0]
    row = one.rows[gap.at] if len(one.rows) else gap.at + 1
    falls = times.values[gap.at] < times.values[gap.at - 1]
    how = f"time {'falls' if falls else 'goes on'} from {times.shown(gap.at - 1)} to {times.shown(gap.at)}"
    lost = f", {gap.missing} rows are missing" if what else ""
    count = sum(len(each) for _, each in having)
    more = f" ({count} such in {len(having)} recordings)" if count > 1 else ""
    return f"{one.where} row {row}, column '{times.column}': {how}{lost}{more}"


def steadiness(recordings: Sequence[Recording]) -> list[str]:
    timed = [one for one in recordings if one.times and one.times.step]
    told = []
    if coarse := [one for one in timed if one.times and one.times.coarse]:
        times = coarse[0].times
        told.append(
            f"{coarse[0].where}: {times.longest_repeat if times else 0} rows in a run have one time in "
            f"'{times.column if times else ''}' ({len(coarse)} recordings): gaps cannot be seen; record finer times"
        )
    repeated = [one for one in timed if one.times and not one.times.coarse and one.times.repeats]
    if repeated:
        times = repeated[0].times
        told.append(
            f"{repeated[0].where}: {times.repeats if times else 0} rows repeat the time of the row before "
            f"({len(repeated)} recordings): rows that came together, or that were written twice; look at the logger"
        )
    shaky = [one for one in timed if one.times and not one.times.repeats and one.times.jitter > NOTED_JITTER]
    if shaky:
        worst = max(shaky, key=lambda one: one.times.jitter if one.times else 0.0)
        share = 100 * worst.times.jitter if worst.times else 0.0
        told.append(
            f"{worst.where}: the time between rows jitters by {share:.0f} % of a step ({len(shaky)} recordings above "
            f"{100 * NOTED_JITTER:.0f} %): let a timer of the sensor pace the samples"
        )
    return told


def still_channels(channels: Sequence[str], recordings: Sequence[Recording]) -> list[str]:
    """Return recordings in which a channel never changes: a loose wire, or a sensor that was not started."""
    dead = [
        (one, name)
        for one in recordings
        for index, name in enumerate(channels)
        if len(one.values) > 1 and np.ptp(one.values[:, index]) == 0
    ]
    if not dead:
        return []
    one, name = dead[0]
    more = f" ({len(dead)} such)" if len(dead) > 1 else ""
    return [
        f"{one.where}: channel '{name}' is {one.values[0, channels.index(name)]:g} in every row{more}, and changes in "
        "other recordings: record again, or delete it"
    ]


def copies(recordings: Sequence[Recording]) -> list[str]:
    """Return recordings that hold the same rows as another: they may train and test at once."""
    first: dict[bytes, Recording] = {}
    twice = []
    for one in recordings:
        key = hashlib.sha256(one.values.tobytes()).digest()
        if key in first:
            twice.append((one, first[key]))
        else:
            first[key] = one
    if not twice:
        return []
    one, other = twice[0]
    more = f" ({len(twice)} such)" if len(twice) > 1 else ""
    classes = f", as class '{one.label}' and as '{other.label}'" if one.label != other.label else ""
    return [f"{one.where} holds the same rows as {other.where}{classes}{more}; delete one"]


def table_findings(tables: Sequence[Table], needed: Sequence[str], channels: Sequence[str]) -> list[str]:
    """Return what tables lack: columns, and cells; and how their decimals were read."""
    told = []
    lacking = [table for table in tables if any(name not in table.columns for name in needed)]
    if lacking:
        table = lacking[0]
        missing = ", ".join(f"'{name}'" for name in needed if name not in table.columns)
        more = f" ({len(lacking)} files lack a column that most have)" if len(lacking) > 1 else ""
        told.append(
            f"'{table.path}' lacks the column {missing}, which {len(tables) - len(lacking)} of {len(tables)} files "
            f"have{more}; it has {', '.join(table.columns)}; `train` refuses it: correct or delete the file, or take "
            "the column out of 'channels' in the recipe"
        )
    holes = [found for table in tables if table not in lacking and (found := table.first_hole(channels))]
    if holes:
        count = sum(number for _, number in holes)
        told.append(
            f"{holes[0][0]} is no number ({count} such in {len(holes)} files); `train` refuses it: delete the row, or "
            "let fill_gap_rows in the recipe fill short gaps with a straight line"
        )
    if commas := [table for table in tables if table.decimal_commas]:
        told.append(f"{len(commas)} of {len(tables)} files write decimals with a comma; read so: 0,5 is 0.5")
    return told


def folder_findings(folder: Path, classes: Sequence[str]) -> list[str]:
    """Return folders without recordings, files that are not read, and classes whose names nearly are one."""
    told = []
    empty = [sub.name for sub in visible(folder) if sub.is_dir() and sub.name not in classes]
    if empty:
        told.append(
            f"'{folder / empty[0]}' holds no recordings, so '{empty[0]}' is no class; record some, or delete it"
        )
    unread = [
        path for sub in visible(folder) if sub.is_dir() for path in files_below(sub)
        if not is_table(path) and path.suffix.lower() not in NOT_DATA
    ]  # fmt: skip
    if unread:
        told.append(
            f"'{unread[0]}' is not read{f' ({len(unread)} files are not)' if len(unread) > 1 else ''}; recordings are "
            ".csv, .tsv, .txt, .parquet, .arrow or .feather"
        )
    for name, count in Counter(name.casefold().strip() for name in classes).items():
        if count > 1:
            alike = [one for one in classes if one.casefold().strip() == name]
            told.append(
                f"classes {', '.join(repr(one) for one in alike)} differ in letters' case or blanks only; one class?"
            )
    return told


def count_findings(groups: dict[str, set[str]]) -> list[str]:
    """Return classes with too few recordings or people to train, choose and test with."""
    few = {name: len(found) for name, found in groups.items() if len(found) < NEEDED}
    if not few:
        return []
    name, found = next(iter(few.items()))
    more = f" ({len(few)} classes have so few)" if len(few) > 1 else ""
    return [
        f"class '{name}' has {found} recording{'s' if found > 1 else ''} or people{more}, at least {NEEDED} are "
        "needed: training, choosing and testing each need their own; `train` refuses it: record more, or cut long "
        "recordings into several files"
    ]
