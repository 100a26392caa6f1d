"""`init` sees what data are and writes a recipe that can be read; a wrong recipe is told by key and value."""

import re

import numpy as np
import pytest

from tinygmp.data.example_recordings import write_example
from tinygmp.data.look import look_at
from tinygmp.data.recording_windows import load_own
from tinygmp.errors import ConfigError, DataError, OutputError
from tinygmp.projects.init import name_of, write_recipe
from tinygmp.projects.recipe import open_recipe


def test_the_recipe_of_class_folders(recordings, tmp_path):
    found = write_recipe(recordings, tmp_path / "gestures.toml")
    opened = open_recipe(tmp_path / "gestures.toml")
    data = opened.recipe.data
    assert (data.layout, data.group_by, data.window_steps, data.stride_steps) == (
        "class-folders", "file-prefix", 50, 25,
    )  # fmt: skip
    assert data.channels == ("ax", "ay", "az", "gx", "gy", "gz")
    assert data.synthetic
    assert found.ignored == ("time_ms",)
    assert found.rate_hz == pytest.approx(50)
    assert found.recordings == {"circle": 10, "idle": 10, "shake": 10}
    assert found.groups == 5
    assert opened.recipe.augmentation.rotation_degrees > 0
    loaded = load_own(opened.layout)
    assert len(loaded.windows) == found.windows
    largest = np.abs(loaded.windows.windows).reshape(-1, 6).max(axis=0)
    counts = np.array(opened.recipe.sensor.counts_per_unit)
    assert (largest * counts * 2 <= 32767).all()
    assert (largest * counts).max() > 32767 / 8
    assert counts[0] == counts[1] == counts[2]
    comments = (tmp_path / "gestures.toml").read_text()
    assert "0.2" not in comments.split("[data]")[0]
    assert "1.00 s at 50 Hz" in comments
    assert opened.recipe.sensor.rate_hz == 50


def test_a_recipe_is_not_overwritten_unless_forced(recordings, tmp_path):
    out = tmp_path / "gestures.toml"
    out.write_text("mine")
    with pytest.raises(OutputError, match="--force"):
        write_recipe(recordings, out)
    assert out.read_text() == "mine"
    write_recipe(recordings, out, force=True)
    assert open_recipe(out).recipe.name == "gestures"


def test_raw_counts_of_a_long_table_stay_as_they_are(tmp_path):
    rows = [f"{t},{t % 7},{-t},{'up' if t // 20 % 2 else 'down'},p{t // 40}" for t in range(160)]
    (tmp_path / "log.csv").write_text("ms,x,rest,gesture,person\n" + "\n".join(rows))
    found = write_recipe(tmp_path / "log.csv", tmp_path / "a b-1.toml")
    recipe = open_recipe(tmp_path / "a b-1.toml").recipe
    assert recipe.name == "a_b_1"
    assert (recipe.data.label_column, recipe.data.group_column, recipe.data.group_by) == (
        "gesture", "person", "column",
    )  # fmt: skip
    assert recipe.data.channels == ("x", "rest")
    assert recipe.sensor.counts_per_unit == (1.0, 1.0)
    assert recipe.sensor.units == ("count", "count")
    assert (found.rate_hz, found.groups, recipe.data.window_steps) == (1000, 4, 20)
    assert recipe.augmentation.rotation_degrees == 0
    assert not recipe.data.synthetic


def test_ready_windows_of_an_npz(tmp_path):
    windows = np.random.default_rng(0).normal(size=(12, 9, 2))
    np.savez(tmp_path / "own.npz", windows=windows, labels=np.arange(12) % 3, channels=np.array(["u", "v"]))
    write_recipe(tmp_path / "own.npz", tmp_path / "own.toml")
    recipe = open_recipe(tmp_path / "own.toml").recipe
    assert (recipe.data.layout, recipe.data.window_steps, recipe.data.channels) == ("npz", 9, ("u", "v"))


@pytest.mark.parametrize(
    ("files", "error", "told"),
    [
        ({}, DataError, "holds no recordings"),
        ({"a/1.csv": "x\n1\n2\n"}, DataError, "only the class 'a'"),
        ({"a/1.csv": "x\n1\n", "b/1.csv": "y\n1\n"}, DataError, "no column of numbers"),
        ({"a/1.csv": "x\n3\n1\n", "b/1.csv": "x\n1\nbad\n"}, DataError, "row 3, column 'x': 'bad'"),
        ({"1.csv": "x,kind,other\n1,a,b\n"}, ConfigError, "--label"),
    ],
)
def test_data_that_cannot_be_used_write_no_recipe(tmp_path, files, error, told):
    folder = tmp_path / "data"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    with pytest.raises(error, match=re.escape(told)):
        write_recipe(folder, tmp_path / "out.toml")
    assert not (tmp_path / "out.toml").exists()


def test_a_label_column_can_be_named(tmp_path):
    (tmp_path / "1.csv").write_text("x,kind,other,same\n1,a,b,7\n2,a,b,7\n2,c,b,7\n1,c,b,7\n")
    found = look_at(tmp_path, "kind")
    assert found.classes == ("a", "c")
    assert found.ignored == ("other", "same")  # text, and what never changes


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("hidden = 32", "hidden = 0", "network.hidden = 0"),
        ("hidden = 32", "hiden = 32", "network.hiden = 32: is no known key"),
        ("hidden = 32", "", "network.hidden: Field required"),
        ('name = "gestures"', 'name = "2 bad"', "name = '2 bad'"),
        ("shape =", "shape", "not valid TOML"),
        ("sparsity = 0.8", "sparsity = 90", "pruning.sparsity = 90"),
        ('"ax", ', "", "data.channels has 5"),
        ("units = [", 'units = ["g", ', "sensor.units has 7 entries, data.channels has 6"),
        ("end_epoch = ", "end_epoch = 9", "start_epoch <= end_epoch < training.epochs"),
        ('group_by = "file-prefix"', 'group_by = "column"', "needs data.group_column"),
        ("held_out = 0.2", "held_out = 0.8", "leave nothing to train on"),
    ],
)
def test_a_wrong_recipe_is_told_by_key_and_value(recordings, tmp_path, old, new, told):
    out = tmp_path / "gestures.toml"
    write_recipe(recordings, out)
    text = out.read_text()
    assert old in text
    out.write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match=re.escape(told)):
        open_recipe(out)


def test_a_recipe_that_is_not_there_tells_how_to_make_one(tmp_path):
    with pytest.raises(ConfigError, match="tinygmp init"):
        open_recipe(tmp_path / "none.toml")


def test_an_example_never_writes_into_a_full_folder(recordings):
    with pytest.raises(OutputError, match="not empty"):
        write_example(recordings)


def test_names_fit_for_c(tmp_path):
    assert name_of(tmp_path / "2 Händel.toml") == "model_2_h_ndel"
    assert name_of(tmp_path / "Gestures-v1.toml") == "gestures_v1"


def test_a_stray_short_recording_does_not_set_the_window_but_is_told(tmp_path):
    for name, rows in (("a/1", 90), ("a/2", 100), ("b/1", 80), ("b/2", 7), ("b/3", 9)):
        path = tmp_path / "data" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n" + "".join(f"{row % 5}\n" for row in range(rows)))
    found = write_recipe(tmp_path / "data", tmp_path / "own.toml")
    assert (found.layout.window_steps, found.too_short) == (40, 2)
    assert found.windows == 3 + 4 + 3
    with pytest.raises(
        DataError, match=r"b/2\.csv' has 7 rows, a window needs 40 \(and 1 more are too short\)"
    ):
        load_own(open_recipe(tmp_path / "own.toml").layout)
