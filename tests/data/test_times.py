"""Rates, gaps, falls and repeats out of a time column; gaps tear a recording, and are filled on request."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygmp.data.recording import Recording
from tinygmp.data.times import Gap, times_of


def ticks(count=100, step=0.02, **changes):
    values = np.arange(count) * step
    for at, more in changes.get("jumps", ()):
        values[at:] += more
    return values


@pytest.mark.parametrize(
    ("column", "cells", "rate"),
    [
        ("t", ticks(), 50), ("time_ms", ticks(step=20), 50), ("timestamp [us]", ticks(step=10_000), 100),
        ("Time (s)", ticks(step=2), 0.5), ("timestamp", 1.7e12 + ticks(step=10), 100), ("time", ticks(step=20), None),
        ("sample", ticks(step=1), None), ("timems", ticks(step=4), 250),
        ("time", [str(datetime(2024, 1, 1) + timedelta(milliseconds=20 * row)) for row in range(40)], 50),
        ("time", [f"12:00:{row / 10:06.3f}" for row in range(40)], 10),
    ],
)  # fmt: skip
def test_the_rate_by_name_by_size_and_by_dates(column, cells, rate):
    found = times_of(column, cells)
    assert found.rate_hz == (None if rate is None else pytest.approx(rate))
    assert found.gaps == ()


@pytest.mark.parametrize("cells", [["x"] * 5, [None] * 5, ["", "1"], [], [0, np.nan]])
def test_what_is_no_time_is_none(cells):
    assert times_of("t", cells) is None


def test_gaps_and_falls_with_their_rows():
    assert times_of("t", ticks(jumps=[(40, 3.0)])).gaps == (Gap(40, 150),)
    assert times_of("t", ticks(jumps=[(10, 0.02), (60, -0.5)])).gaps == (Gap(10, 1), Gap(60, 0))
    assert times_of("n", [*range(50), *range(53, 90)]).gaps == (Gap(50, 3),)


@given(st.integers(2, 12), st.integers(20, 60))
def test_rows_that_come_in_packets_are_no_gap(packet, count):
    late = np.repeat(np.arange(count) * packet * 20.0, packet)
    assert times_of("ms", late).gaps == ()
    assert times_of("ms", late).rate_hz == pytest.approx(50, rel=0.05)
    torn = late.copy()
    torn[packet * 10 :] += 20 * 100
    (gap,) = times_of("ms", torn).gaps
    assert (gap.at, gap.missing) == (packet * 10, 100)


def test_whole_seconds_are_too_coarse_for_gaps():
    found = times_of("s", np.floor(np.arange(1000) / 100))
    assert (found.coarse, found.gaps) == (True, ())
    assert found.rate_hz == pytest.approx(100, rel=0.1)


def recording(times):
    values = np.arange(len(times), dtype=np.float32)[:, None] * [1, 2]
    return Recording(
        values.astype(np.float32), "a", "g", "'f'", range(1, len(times) + 1), times_of("t", times)
    )


def test_long_gaps_tear_and_short_ones_stay_unless_filled():
    one = recording(ticks(jumps=[(20, 0.04), (60, 2.0)]))
    assert [len(piece) for piece in one.pieces(0)] == [60, 40]
    first, second = one.pieces(2)
    assert first[18:24, 0].tolist() == pytest.approx([18, 19, 19 + 1 / 3, 19 + 2 / 3, 20, 21])
    assert second[0].tolist() == [60, 120]
    (whole,) = one.pieces(1000)
    assert len(whole) == 100 + 2 + 100
    assert np.diff(whole[61:163, 1]) == pytest.approx(2 / 101, rel=1e-2)
    assert [len(piece) for piece in recording(ticks(jumps=[(30, -0.6)])).pieces(1000)] == [30, 70]


def test_dates_are_shown_as_they_are_written_and_know_no_summer_time(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        night = [str(datetime(2024, 3, 31, 1, 59, 0) + timedelta(seconds=row)) for row in range(120)]
        found = times_of("time", night)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found.gaps == ()
    assert found.shown(60) == "2024-03-31 02:00:00.000"
    assert times_of("time", ["10:00:00,5", "10:00:01,5"]).shown(1) == "10:00:01.500"
    assert times_of("t", [0.5, 1]).shown(0) == "0.5"
