"""What `look_at` says of recordings that would train in silence: each sentence names file, place, cause and remedy."""

import re

import numpy as np
import pytest

from tinygmp.data.look import look_at
from tinygmp.data.recording_windows import load_own
from tinygmp.data.recordings import Layout
from tinygmp.errors import DataError


def signal(seed, rows):
    rng = np.random.default_rng(seed)
    return (
        rng.normal(0, 0.1, (rows, 3))
        + np.sin(np.arange(rows)[:, None] / (3 + seed % 2) + [0, 1, 2]) * 0.5
        + [0, 0, 1]
    )


def write(
    folder, changed=(), change=None, people=6, names="p{person}_{take}.csv", classes=("a", "b"), step=0.02
):
    """Write folder/<class>/<name>; `change` turns times, values and columns of the files named in `changed`."""
    seed = 0
    for label in classes:
        for person in range(people):
            for take in range(2):
                seed += 1
                values, times = signal(seed, 80), np.arange(80) * step
                columns = ["t", "ax", "ay", "az"]
                path = folder / label / names.format(person=person, take=take, label=label)
                path.parent.mkdir(parents=True, exist_ok=True)
                if f"{label}/{path.name}" in changed and change:
                    times, values, columns = change(times, values, columns)
                rows = [
                    [f"{time:.10g}", *(f"{value:.5f}" for value in row)]
                    for time, row in zip(times, values, strict=True)
                ]
                path.write_text("\n".join(",".join(row[: len(columns)]) for row in [columns, *rows]) + "\n")
    return folder


def warnings(folder):
    return look_at(folder).warnings


def layout(found, **changes):
    return Layout(**(vars(found.layout) | changes))


def test_sound_recordings_say_nothing(tmp_path):
    assert warnings(write(tmp_path)) == ()


def test_a_gap_is_told_and_tears(tmp_path):
    def gap(times, values, columns):
        return np.where(np.arange(80) > 40, times + 3, times), values, columns

    found = look_at(write(tmp_path, ["a/p1_0.csv"], gap))
    assert len(found.warnings) == 1
    assert (
        "a/p1_0.csv' row 43, column 't': time goes on from 0.8 to 3.82, 150 rows are missing"
        in found.warnings[0]
    )
    assert "fill_gap_rows" in found.warnings[0]
    cut = load_own(layout(found, window_steps=30, stride_steps=1))
    assert len(cut.windows) == 23 * 51 + (41 - 29) + (39 - 29)
    assert "a/p1_0.csv" in cut.notes[0]
    with pytest.raises(DataError, match="has 41 rows between gaps, a window needs 50"):
        load_own(layout(found, window_steps=50))
    whole = load_own(layout(found, window_steps=50, stride_steps=1, fill_gap_rows=200))
    assert (len(whole.windows), whole.notes) == (23 * 31 + 31 + 150, ())
    blind = load_own(layout(found, window_steps=50, stride_steps=1, time_column=""))
    assert (len(blind.windows), blind.notes) == (24 * 31, ())


def test_files_at_another_rate_are_told_and_refused(tmp_path):
    found = look_at(write(tmp_path, ["a/p1_0.csv", "b/p2_1.csv"], lambda times, *rest: (times / 2, *rest)))
    told = "a/p1_0.csv': 100 samples a second, 22 of 24 recordings have 50 samples a second (2 are odd)"
    assert told in found.warnings[0]
    assert found.rate_hz == pytest.approx(50)
    with pytest.raises(DataError, match=re.escape(told)):
        load_own(found.layout)
    assert len(load_own(layout(found, time_column="")).windows)


@pytest.mark.parametrize(
    "files", [["a/p1_0.csv"], [f"a/p{person}_{take}.csv" for person in range(6) for take in (0, 1)]]
)
def test_another_unit_is_told_with_the_factor(tmp_path, files):
    found = look_at(write(tmp_path, files, lambda times, values, columns: (times, values * 9.80665, columns)))
    (told,) = found.warnings
    assert "a/p" in told
    factor = float(re.search(r"ax, ay, az are ([\d.]+) times as large", told)[1])
    assert factor == pytest.approx(9.8, abs=0.4)
    assert f"({len(files)} of 24 recordings are so): m/s2 among g? divide by 9.80665" in told
    assert load_own(found.layout).notes == (told,)


def test_people_who_move_more_are_no_other_unit(tmp_path):
    strong = [f"{label}/p{person}_{take}.csv" for label in "ab" for person in (0, 1) for take in (0, 1)]

    def stronger(times, values, columns):
        return times, (values - [0, 0, 1]) * 3 + [0, 0, 1], columns

    assert warnings(write(tmp_path, strong, stronger)) == ()


def test_a_column_that_one_file_lacks_stays_a_channel_and_is_refused(tmp_path):
    found = look_at(
        write(tmp_path, ["b/p0_0.csv"], lambda times, values, columns: (times, values, columns[:3]))
    )
    assert found.layout.channels == ("ax", "ay", "az")
    assert (
        "b/p0_0.csv' lacks the column 'az', which 23 of 24 files have; it has t, ax, ay" in found.warnings[0]
    )
    with pytest.raises(DataError, match="column 'az' is missing"):
        load_own(found.layout)


def test_falls_repeats_and_dead_channels(tmp_path):
    def restart(times, values, columns):
        return np.where(np.arange(80) > 49, times - 1, times), values, columns

    def repeat(times, values, columns):
        return np.repeat(times[::4] * 1.0, 4), values, columns

    def dead(times, values, columns):
        return times, values * [1, 0, 1], columns

    told = {
        "time falls from 0.98 to 0;": restart, "60 rows repeat the time of the row before": repeat,
        "channel 'ay' is 0 in every row": dead,
    }  # fmt: skip
    for number, (sentence, change) in enumerate(told.items()):
        found = warnings(write(tmp_path / str(number), ["a/p1_0.csv"], change))
        assert len(found) == 1, found
        assert "a/p1_0.csv'" in found[0]
        assert sentence in found[0]


def test_the_same_rows_twice(tmp_path):
    write(tmp_path)
    (tmp_path / "b" / "p0_0.csv").write_text((tmp_path / "a" / "p0_0.csv").read_text())
    (told,) = warnings(tmp_path)
    assert "b/p0_0.csv' holds the same rows as" in told
    assert "as class 'b' and as 'a'" in told


@pytest.mark.parametrize(
    ("names", "people", "group_by", "groups", "told"),
    [
        ("p{person}_{take}.csv", 6, "file-prefix", 6, None),
        ("p{person}_{take}.csv", 3, "file-prefix", 3, "tell only 3 people (p0, p1, p2): the test is of 1"),
        ("p{person}_{take}.csv", 2, "recording", 8, "tell 2 people (p0, p1), fewer than 3"),
        ("p{person}_{take}.csv", 1, "recording", 4, "tell 1 person (p0)"),
        ("{label}_{take}-anna{person}.csv", 6, "file-suffix", 6, None),
        ("anna{person}/{take}.csv", 6, "folder", 6, None),
        ("anna{person}/day1/{take}.csv", 6, "folder", 6, None),
        ("rec_{person}{take}.csv", 6, "recording", 24, "neither folders nor file names tell people apart"),
        ("{label}_{person}{take}.csv", 6, "recording", 24, "neither folders nor file names"),
        ("{person}{take}.csv", 6, "recording", 24, "neither folders nor file names"),
    ],
)  # fmt: skip
def test_people_by_folders_and_names(tmp_path, names, people, group_by, groups, told):
    found = look_at(write(tmp_path, names=names, people=people))
    assert (found.layout.group_by, found.groups, len(found.classes)) == (group_by, groups, 2)
    about_people = [
        warning for warning in found.warnings if "people" in warning and "`train` refuses" not in warning
    ]
    assert [told in warning for warning in about_people] == [True] * (told is not None)
    assert len(set(load_own(found.layout).windows.groups)) == groups


def test_folders_of_people_with_classes_inside_are_told(tmp_path):
    write(tmp_path, classes=("p01", "p02"), names="shake/{person}_{take}.csv")
    with pytest.raises(DataError, match=r"folders of people \(p01, p02 ...\).*turn them round"):
        look_at(tmp_path)


def test_empty_cells_are_told_and_filled_on_request(tmp_path):
    write(tmp_path)
    path = tmp_path / "a" / "p0_0.csv"
    lines = path.read_text().splitlines()
    lines[7] = ",".join([*lines[7].split(",")[:2], "", "NaN"])
    path.write_text("\n".join(lines))
    found = look_at(tmp_path)
    (told,) = found.warnings
    assert f"'{path}' row 8, column 'ay': an empty cell is no number (2 such in 1 files)" in told
    with pytest.raises(DataError, match="row 8, column 'ay'"):
        load_own(found.layout)
    assert len(load_own(layout(found, fill_gap_rows=1)).windows)


def test_folders_without_recordings_files_not_read_and_names_alike(tmp_path):
    write(tmp_path, classes=("a", "b", "A "))
    (tmp_path / "idle").mkdir()
    (tmp_path / "a" / "p9.xlsx").write_bytes(b"PK")
    told = warnings(tmp_path)
    assert len(told) == 3
    assert "idle' holds no recordings, so 'idle' is no class" in told[0]
    assert "p9.xlsx' is not read" in told[1]
    assert "classes 'A ', 'a' differ in letters' case or blanks only" in told[2]


def test_few_recordings_of_a_class(tmp_path):
    write(tmp_path, people=1, names="{label}{person}{take}.csv")
    told = warnings(tmp_path)
    assert "class 'a' has 2 recordings or people (2 classes have so few), at least 3 are needed" in told[0]


def test_times_of_an_unknown_unit(tmp_path):
    write(tmp_path, step=20)
    (told,) = warnings(tmp_path)
    assert "column 't' has steps of 20 of an unknown unit: call it time_ms" in told


def test_a_long_table_has_gaps_and_people_too(tmp_path):
    lines = ["ms,x,label"]
    for run in range(8):
        for row in range(40):
            late = 4000 if run == 3 and row > 20 else 0
            lines.append(
                f"{run * 60_000 + row * 10 + late},{(row * (run + 3)) % 17},{'up' if run % 2 else 'down'}"
            )
    (tmp_path / "log.csv").write_text("\n".join(lines))
    found = look_at(tmp_path / "log.csv")
    gap, people = found.warnings
    assert (
        "rows 122 to 161, class 'up' row 143, column 'ms': time goes on from 180200 to 184210, 400 rows"
        in gap
    )
    assert "no column tells people apart" in people
    assert found.rate_hz == pytest.approx(100)


def test_rows_out_of_order_are_told_once_and_refused(tmp_path):
    order = np.random.default_rng(0).permutation(80)

    def mixed(times, values, columns):
        return times[order], values[order], columns

    found = look_at(write(tmp_path, ["a/p1_0.csv"], mixed))
    (told,) = found.warnings
    assert "a/p1_0.csv': its rows are not in the order of 't'; `train` refuses it: sort them" in told
    with pytest.raises(DataError, match="its rows are not in the order of 't'; sort them"):
        load_own(found.layout)


def test_a_class_in_another_unit_and_raw_counts_among_units(tmp_path):
    whole_class = [f"a/p{person}_{take}.csv" for person in range(6) for take in (0, 1)]
    for name, files, factor, told in (
        ("ms2", whole_class, 9.80665, "m/s2 among g? divide by 9.80665"),
        ("mg", ["b/p2_1.csv"], 1000, "thousandths among whole units? divide by 1000"),
        ("raw", ["b/p2_1.csv"], 8192, "raw counts among units? give all in one"),
        ("small", ["b/p2_1.csv"], 1 / 1000, "thousandths among whole units? multiply by 1000"),
    ):
        folder = tmp_path / name
        write(folder, files, lambda times, values, columns, by=factor: (times, values * by, columns))
        (found,) = warnings(folder)
        assert told in found, name


def test_a_time_column_under_another_name_in_one_file(tmp_path):
    found = look_at(
        write(tmp_path, ["b/p0_0.csv"], lambda times, values, columns: (times, values, ["T", *columns[1:]]))
    )
    assert found.layout.time_column == "t"
    assert (
        "b/p0_0.csv' lacks the column 't', which 23 of 24 files have; it has T, ax, ay, az"
        in found.warnings[0]
    )
    with pytest.raises(DataError, match="column 't' is missing"):
        load_own(found.layout)


def test_a_counter_tells_gaps_and_no_rate(tmp_path):
    write(tmp_path, step=1)
    for path in tmp_path.rglob("*.csv"):
        path.write_text(path.read_text().replace("t,", "sample,", 1))
    found = look_at(tmp_path)
    (told,) = found.warnings
    assert "column 'sample' counts rows and tells no rate: write rate_hz into the recipe" in told
    assert (found.rate_hz, found.layout.time_column) == (None, "sample")
