"""Recordings become windows; whatever is wrong with them is told with file, row, column, value and remedy."""

import re
import sys

import numpy as np
import pytest

from tinygmp.data.recording_windows import load_own
from tinygmp.data.recordings import Layout
from tinygmp.errors import DataError, MissingToolError


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def rows(count, start=0, name="a,b\n"):
    return name + "".join(f"{start + row},{row * 0.5}\n" for row in range(count))


def folders(tmp_path, **layout):
    return Layout(tmp_path, "class-folders", ("a", "b"), **({"window_steps": 4, "stride_steps": 2} | layout))


@pytest.fixture
def two(tmp_path):
    """Two classes, a recording of 9 rows and one of 4."""
    write(tmp_path / "left" / "anna_1.csv", rows(9))
    write(tmp_path / "right" / "ben-1.csv", rows(4, 100))
    return tmp_path


def test_windows_of_class_folders_are_cut_with_the_stride(two):
    data = load_own(folders(two))
    assert data.classes == ("left", "right")
    assert data.windows.windows.shape == (4, 4, 2)
    assert data.windows.windows[:, 0, 0].tolist() == [0, 2, 4, 100]  # 9 rows hold starts 0, 2, 4
    assert data.windows.windows[1, :, 1].tolist() == [1.0, 1.5, 2.0, 2.5]
    assert data.windows.labels.tolist() == [0, 0, 0, 1]
    assert data.windows.groups.tolist() == ["left/anna_1.csv"] * 3 + ["right/ben-1.csv"]
    assert load_own(folders(two, group_by="file-prefix")).windows.groups.tolist() == ["anna"] * 3 + ["ben"]
    assert load_own(folders(two)).sha256 == data.sha256 != load_own(folders(two, stride_steps=1)).sha256


def test_channels_are_taken_by_name_in_the_order_of_the_recipe(two):
    swapped = load_own(Layout(two, "class-folders", ("b", "a"), 4, 2))
    assert np.array_equal(swapped.windows.windows[..., ::-1], load_own(folders(two)).windows.windows)


@pytest.mark.parametrize(
    "text",
    ["a;b\n1;2\n3;4\n5;6\n7;8\n", "\ufeffa\tb\n\n1\t2\n3\t4\n\n5\t6\n7\t8", '"a","b"\n1,2\n3,4\n5,6\n7,8\n'],
)
def test_separators_marks_and_blank_lines(two, text):
    write(two / "left" / "anna_1.csv", text)
    assert load_own(folders(two)).windows.windows[0].tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]


def test_a_file_without_a_head_has_numbered_columns(tmp_path):
    for name in ("x", "y"):
        write(tmp_path / name / "1.csv", "1,2\n3,4\n5,6\n7,8\n")
    data = load_own(Layout(tmp_path, "class-folders", ("c1",), 4, 1))
    assert data.windows.windows[0, :, 0].tolist() == [2, 4, 6, 8]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n3,oops\n", "row 3, column 'b': 'oops' is not a number"),
        ("a,b\n1,2\n\n3,nan\n", "row 4, column 'b': 'nan' is not a number"),
        ("a,b\n1,2\n3,\n", "row 3, column 'b': an empty cell is not a number"),
        ("a,b\n1,2\n3,1.5.2\n", "row 3, column 'b': '1.5.2' is not a number"),
        ("a;b\n1;2\n3;0,5\n0.25;1\n", "row 3 holds '0,5' and row 4 '0.25'"),
        ("a,b\n1,2,3,4\n", "4 whole numbers for 2 columns (a, b): commas seem to separate"),
        ("a,b\n", "a first row of names and no other"),
        ("a,b\n1,2\n3,1e99\n", "row 3, column 'b': '1e99'"),
        ("a,b\n1,2\n3,4,5\n", "row 3: 3 columns, expected 2 (a, b)"),
        ("a,c\n1,2\n", "column 'b' is missing; it has a, c"),
        ("a,a\n1,2\n", "column name 'a' occurs twice"),
        ("", "is empty"),
        (rows(3), "has 3 rows, a window needs 4"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(two, text, told):
    path = write(two / "left" / "anna_1.csv", text)
    with pytest.raises(DataError, match=re.escape(told)) as raised:
        load_own(folders(two))
    assert str(path) in str(raised.value)
    assert re.search("delete|correct|rename|write|record|save", str(raised.value))


def test_files_that_are_no_text_and_folders_without_recordings(two, tmp_path):
    (two / "left" / "anna_1.csv").write_bytes(b"a,b\n1,\x00\x01\n")
    with pytest.raises(DataError, match="UTF-8"):
        load_own(folders(two))
    (two / "left" / "anna_1.csv").unlink()
    with pytest.raises(DataError, match="only the class 'right'"):
        load_own(folders(two))
    (two / "right" / "ben-1.csv").unlink()
    with pytest.raises(DataError, match="one folder a class"):
        load_own(folders(two))
    with pytest.raises(DataError, match="does not exist"):
        load_own(folders(tmp_path / "nowhere"))


LONG = "t,a,b,label,who\n" + "".join(
    f"{t},{t},{-t},{'up' if t // 5 % 2 else 'down'},{'anna' if t < 10 else 'ben'}\n" for t in range(20)
)


def test_a_long_table_is_cut_where_the_label_or_the_person_changes(tmp_path):
    path = write(tmp_path / "all.csv", LONG)
    data = load_own(Layout(path, "table", ("a",), 4, 1, group_by="column", group_column="who"))
    assert data.classes == ("down", "up")
    assert data.windows.windows[:, 0, 0].tolist() == [0, 1, 5, 6, 10, 11, 15, 16]
    assert data.windows.groups.tolist() == ["anna"] * 4 + ["ben"] * 4
    alone = load_own(Layout(tmp_path, "table", ("a",), 4, 1))
    assert len(set(alone.windows.groups)) == 4
    assert alone.windows.groups[0] == "all.csv rows 2-6"


def test_a_long_table_tells_empty_labels_and_short_runs(tmp_path):
    path = write(tmp_path / "all.csv", LONG.replace(",up,", ",,", 1))
    with pytest.raises(DataError, match="row 7, column 'label': is empty"):
        load_own(Layout(path, "table", ("a",), 4, 1))
    write(path, LONG)
    with pytest.raises(DataError, match=r"rows 2 to 6, class 'down' has 5 rows, a window needs 9"):
        load_own(Layout(path, "table", ("a",), 9, 1))


def test_parquet_gives_what_csv_gives(tmp_path):
    import pyarrow
    from pyarrow import csv, feather, parquet

    csv_path = write(tmp_path / "all.csv", LONG)
    table = csv.read_csv(csv_path)
    parquet.write_table(table, tmp_path / "all.parquet")
    feather.write_feather(table, tmp_path / "all.feather")
    of_csv, of_parquet, of_arrow = (
        load_own(Layout(tmp_path / f"all.{end}", "table", ("a", "b"), 4, 1, "label", "who", "column")).sha256
        for end in ("csv", "parquet", "feather")
    )
    assert of_csv == of_parquet == of_arrow
    gap = table.set_column(1, "a", pyarrow.array([None, *range(19)]))
    parquet.write_table(gap, tmp_path / "all.parquet")
    with pytest.raises(DataError, match="row 1, column 'a': an empty cell"):
        load_own(Layout(tmp_path / "all.parquet", "table", ("a",), 4, 1))
    (tmp_path / "all.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="cannot be read"):
        load_own(Layout(tmp_path / "all.parquet", "table", ("a",), 4, 1))


def test_without_pyarrow_the_install_line_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = write(tmp_path / "all.parquet", "")
    with pytest.raises(MissingToolError, match=r"pip install 'tinygmp\[arrow\]'"):
        load_own(Layout(path, "table", ("a",), 4, 1))


def saved(tmp_path, **arrays):
    plain = {"windows": np.arange(24.0).reshape(4, 3, 2), "labels": np.array(["b", "a", "b", "a"])}
    np.savez(tmp_path / "own.npz", **(plain | arrays))
    return Layout(tmp_path / "own.npz", "npz", ("a", "b"))


def test_npz_by_class_names_numbers_and_given_classes(tmp_path):
    data = load_own(saved(tmp_path))
    assert (data.classes, data.windows.labels.tolist()) == (("a", "b"), [1, 0, 1, 0])
    assert len(set(data.windows.groups)) == 4
    data = load_own(
        saved(
            tmp_path,
            labels=np.array([7, 9, 7, 9]),
            test_windows=np.zeros((1, 3, 2)),
            test_labels=np.array([9]),
        )
    )
    assert (data.classes, data.windows.labels.tolist()) == (("7", "9"), [0, 1, 0, 1])
    assert data.test.labels.tolist() == [1]
    data = load_own(saved(tmp_path, labels=np.array([1, 0, 1, 0]), classes=np.array(["z", "y"])))
    assert (data.classes, data.windows.labels.tolist()) == (("z", "y"), [1, 0, 1, 0])


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"windows": np.full((4, 3, 2), np.nan)}, "windows[0, 0, 0] is nan; drop that window (4 such)"),
        ({"windows": np.zeros((4, 6))}, "windows has shape (4, 6)"),
        ({"windows": np.full((4, 3, 2), "x")}, "expected numbers"),
        ({"labels": np.zeros(3)}, "only the class '0.0'"),
        ({"labels": np.array([0, 1, 1])}, "labels has shape (3,)"),
        ({"labels": np.array([0, 1, 2, 1]), "classes": np.array(["u", "v"])}, "labels 0..2, expected 0..1"),
        ({"test_windows": np.zeros((1, 3, 2)), "test_labels": np.array(["q"])}, "label 'q' is none of"),
        ({"test_windows": np.zeros((1, 3, 2))}, "no array 'test_labels'"),
    ],
)
def test_what_is_wrong_in_an_npz(tmp_path, arrays, told):
    with pytest.raises(DataError, match=re.escape(told)):
        load_own(saved(tmp_path, **arrays))


def test_a_damaged_npz(tmp_path):
    layout = saved(tmp_path)
    layout.path.write_bytes(layout.path.read_bytes()[:300])
    with pytest.raises(DataError, match=r"own\.npz' is damaged"):
        load_own(layout)
