"""When the rows of a recording were taken, by its own time column: the rate, gaps, falls, repeats and jitter."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cached_property
from typing import Any

import numpy as np

COUNTERS = ("index", "sample", "samples", "frame", "row", "id", "no", "nr", "seq", "counter", "")
TIME_NAMES = ("time", "timestamp", "datetime", "date", "t", "ns", "us", "µs", "ms", "s", "sec", "seconds", "millis",
              "micros", "uptime", "elapsed", *COUNTERS)  # fmt: skip
PER_SECOND = {"ns": 1e9, "nanos": 1e9, "us": 1e6, "µs": 1e6, "micros": 1e6, "usec": 1e6, "ms": 1e3, "millis": 1e3,
              "msec": 1e3, "milliseconds": 1e3, "s": 1.0, "sec": 1.0, "secs": 1.0, "seconds": 1.0}  # fmt: skip
EPOCHS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (1e9, 1.0))  # times since 1970 tell their unit by their size
SPAN = 16  # rows over which the usual step is taken: radios send several rows at once
COARSE = 64  # so many rows at one time: its resolution cannot tell gaps
DAY = 86_400  # seconds
MOST_FALLS, FALLS_SHARE = 2, 0.01  # more than either: no restarts, but rows out of order
LEAST_GAP = 0.5  # of a row that is missing


@dataclass(frozen=True)
class Gap:
    """Rows that are missing before row `at` (from 0); 0 of them where time falls there."""

    at: int
    missing: int


@dataclass(frozen=True)
class Times:
    """The times of a recording's rows, float64 [rows]; per_second: their units in a second, None where not known.

    dates: they are seconds since 1970 or of a day, and were written as a date or a time of day.
    """

    column: str
    values: np.ndarray
    per_second: float | None
    dates: bool = False

    def shown(self, row: int) -> str:
        """Return one row's time as its file has it, nearly."""
        value = float(self.values[row])
        if not self.dates:
            return f"{value:.10g}"
        moment = datetime.fromtimestamp(value, UTC).replace(tzinfo=None)
        return (
            moment.isoformat(" ", "milliseconds") if value >= DAY else moment.time().isoformat("milliseconds")
        )

    @cached_property
    def longest_repeat(self) -> int:
        """How many rows in a run have one time."""
        changes = np.flatnonzero(np.diff(self.values) != 0)
        return int(np.diff(np.concatenate(([-1], changes, [len(self.values) - 1]))).max(initial=1))

    @property
    def repeats(self) -> int:
        """How many rows have the time of the row before."""
        return int((np.diff(self.values) == 0).sum())

    @property
    def disordered(self) -> bool:
        """True where time falls so often that the rows are not in the order of their times."""
        falls = int((np.diff(self.values) < 0).sum())
        return falls > max(MOST_FALLS, FALLS_SHARE * len(self.values))

    @property
    def coarse(self) -> bool:
        """True where so many rows share a time that gaps cannot be seen."""
        return self.longest_repeat > COARSE

    @cached_property
    def step(self) -> float | None:
        """The usual time from row to row, None where time does not rise."""
        packets = max(1, min(SPAN, len(self.values) // 8) // self.longest_repeat)
        span = min(packets * self.longest_repeat, len(self.values) - 1)
        if span < 1:
            return None
        steps = (self.values[span:] - self.values[:-span]) / span
        rising = steps[steps > 0]
        return float(np.median(rising)) if len(rising) else None

    @property
    def rate_hz(self) -> float | None:
        """Samples a second, None where the unit of the times is not known."""
        return self.per_second / self.step if self.step and self.per_second else None

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """Where rows are missing or time falls; rows that come late and are made up for are no gap."""
        if self.step is None or self.coarse:
            return ()
        differences = np.diff(self.values) / self.step
        found = []
        for before in np.flatnonzero((differences < 0) | (differences > 1 + LEAST_GAP)):
            if differences[before] < 0:
                found.append(Gap(int(before) + 1, 0))
            elif missing := self.missing_after(int(before), differences):
                found.append(Gap(int(before) + 1, missing))
        return tuple(found)

    def missing_after(self, before: int, differences: np.ndarray) -> int:
        """Return the rows missing after a row: what the rows that follow do not make up for."""
        following = differences[before : before + self.longest_repeat + SPAN]
        falls = np.flatnonzero(following < 0)
        following = following[: falls[0]] if len(falls) else following
        late = np.cumsum(following - 1)
        return max(0, round(float(late.min())))

    @property
    def jitter(self) -> float:
        """The deviation of the steps between gaps, in usual steps."""
        if self.step is None:
            return 0.0
        differences = np.diff(self.values) / self.step
        kept = np.delete(differences, [gap.at - 1 for gap in self.gaps])
        return float(kept.std()) if len(kept) else 0.0


def is_time_name(name: str) -> bool:
    return words_of(name)[0] in TIME_NAMES


def is_counter(name: str) -> bool:
    """Tell whether a name is one of columns that count rows."""
    return words_of(name)[0] in COUNTERS


def words_of(name: str) -> list[str]:
    """Return a column's name in lower-case words, at least one: 'timestamp [ms]' is timestamp, ms."""
    return re.findall(r"[a-zµ]+", name.lower()) or [""]


def times_of(column: str, cells: Sequence[Any]) -> Times | None:
    """Return the times of a column: numbers, or dates and times of day in ISO 8601; None for others."""
    try:
        values = np.asarray(cells, np.float64)
        found = Times(column, values, unit_of(column, values))
    except (TypeError, ValueError):
        try:
            found = Times(column, np.array([seconds_of(cell) for cell in cells]), 1.0, dates=True)
        except (ValueError, OverflowError):
            return None
    return found if len(cells) and np.isfinite(found.values).all() else None


def unit_of(column: str, values: np.ndarray) -> float | None:
    """Return how many units of a time column are a second: by its name, its size, or 1 where its steps are below 1."""
    words = words_of(column)
    for word in words[::-1]:
        if word in PER_SECOND:
            return PER_SECOND[word]
    if glued := re.fullmatch(r"(?:time|timestamp|t)(ns|us|µs|ms)", words[-1]):
        return PER_SECOND[glued[1]]
    if is_counter(column) or not len(values):
        return None
    for least, per_second in EPOCHS:
        if values[0] > least:
            return per_second
    step = Times(column, values, None).step
    return 1.0 if step is not None and step < 1 else None


def seconds_of(cell: Any) -> float:
    """Return a date, or a time of day, in seconds; raises ValueError for what is neither.

    Without a zone it counts as UTC, which has no summer time: no machine's zone makes gaps.
    """
    text = str(cell).strip().replace(",", ".")
    try:
        moment = cell if isinstance(cell, datetime) else datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        of_day = time.fromisoformat(text)
        return of_day.hour * 3600 + of_day.minute * 60 + of_day.second + of_day.microsecond / 1e6
