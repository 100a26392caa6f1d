"""Training of a user's own data: what it writes, that it continues, and that what is wrong stops it early."""

import re

import numpy as np
import pytest

from tinygmp.data.windows import load_windows
from tinygmp.errors import ConfigError, DataError
from tinygmp.graph.file import load_model
from tinygmp.graph.reference.run import run
from tinygmp.projects.prepared import prepare
from tinygmp.projects.recipe import open_recipe
from tinygmp.projects.training import Trainer
from tinygmp.projects.training_run import train
from tinygmp.report.record import read_report


def change(recipe, old, new):
    text = recipe.read_text()
    assert old in text
    recipe.write_text(text.replace(old, new))
    return recipe


def test_a_run_writes_model_report_and_windows_that_agree(quick_recipe, tmp_path):
    trained = train(open_recipe(quick_recipe), tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "checkpoints", "model.tgmp", "report.json", "test.npz",
    ]  # fmt: skip
    model = load_model(tmp_path / "run" / "model.tgmp")
    assert model.labels == ("circle", "idle", "shake")
    assert model.synthetic
    assert model.rate_hz == 50
    report = read_report(tmp_path / "run" / "report.json")
    assert report == trained.report
    assert report.pruned.sparsity == pytest.approx(0.6, abs=0.01)
    assert report.dense.parameters > 2 * report.pruned.nnz
    assert report.data.people == {"train": 3, "validation": 1, "test": 1}
    windows = load_windows(model, str(tmp_path / "run" / "test.npz"))
    answers = run(model, windows.first).classes
    assert 100 * np.mean(answers == windows.labels) == pytest.approx(report.packed.accuracy)
    table = np.array(report.answers.confusion)
    assert table.sum() == len(windows.first)
    assert 100 * np.trace(table) / table.sum() == pytest.approx(report.packed.accuracy)


def test_a_stopped_run_continues_to_the_same_model(quick_recipe, tmp_path):
    whole = train(open_recipe(quick_recipe), tmp_path / "whole")

    def stop(what, done, total):
        if what.startswith("pruned") and done == 6 + 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(open_recipe(quick_recipe), tmp_path / "run", stop)
    assert not (tmp_path / "run" / "model.tgmp").exists()
    seen = []
    train(open_recipe(quick_recipe), tmp_path / "run", lambda what, done, total: seen.append((what, done)))
    trained_again = [done for what, done in seen if what.startswith("pruned:")]
    assert trained_again == [
        6 + done for done in range(6, 13)
    ]  # the first five came out of the checkpoint, and 6 are dense
    assert not any(what.startswith("dense:") for what, _ in seen)
    for name in ("model.tgmp", "test.npz"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert read_report(tmp_path / "run" / "report.json").packed == whole.report.packed


def test_another_recipe_does_not_continue_the_first_ones_checkpoint(quick_recipe, tmp_path):
    opened = open_recipe(quick_recipe)
    trainer = Trainer(prepare(opened), tmp_path)
    key = trainer.key(trainer.fresh(), trainer.settings(dense=False), "")
    for old, new in (
        ("seed = 0", "seed = 1"),
        ("noise = 0.05", "noise = 0.1"),
        ("stride_steps = 15", "stride_steps = 14"),
    ):
        change(quick_recipe, old, new)
        other = Trainer(prepare(open_recipe(quick_recipe)), tmp_path)
        assert other.key(other.fresh(), other.settings(dense=False), "") != key
    assert trainer.key(trainer.fresh(9), trainer.settings(dense=False), "") != key


@pytest.mark.parametrize(
    ("old", "new", "error", "told"),
    [
        ("window_steps = 20", "window_steps = 51", DataError, "has 50 rows, a window needs 51"),
        ('"ax"', '"time"', DataError, "column 'time' is missing"),
        ('path = "', 'path = "x', DataError, "does not exist"),
    ],
)
def test_what_does_not_fit_the_data_stops_before_training(quick_recipe, tmp_path, old, new, error, told):
    change(quick_recipe, old, new)
    with pytest.raises(error, match=re.escape(told)):
        train(open_recipe(quick_recipe), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_counts_beyond_int16_and_constant_channels_are_told(quick_recipe):
    change(quick_recipe, "counts_per_unit = [", "counts_per_unit = [1e6, 1e6, 1e6, 1.0, 1.0, 1.0] # ")
    with pytest.raises(
        ConfigError, match=r"channel 'ax' reaches .* lower its entry of sensor.counts_per_unit"
    ):
        prepare(open_recipe(quick_recipe))


def test_a_channel_that_never_changes_is_told(tmp_path):
    from tinygmp.projects.init import write_recipe

    windows = np.random.default_rng(0).normal(size=(30, 9, 2))
    windows[..., 1] = 3.5
    np.savez(tmp_path / "own.npz", windows=windows, labels=np.arange(30) % 3)
    write_recipe(tmp_path / "own.npz", tmp_path / "own.toml")
    with pytest.raises(DataError, match="channel 'c1' never changes"):
        prepare(open_recipe(tmp_path / "own.toml"))
    change(tmp_path / "own.toml", "window_steps = 9", "window_steps = 8")
    with pytest.raises(ConfigError, match="have 9 steps"):
        prepare(open_recipe(tmp_path / "own.toml"))
