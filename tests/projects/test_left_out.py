"""Each person is left out once; the score has a spread, continues after a stop, and says whom it left out."""

from dataclasses import replace

import numpy as np
import pytest

from tinygmp.data.recordings import Labelled
from tinygmp.errors import DataError
from tinygmp.projects.left_out import MOST_FOLDS, folds_of, without
from tinygmp.projects.prepared import prepare
from tinygmp.projects.recipe import open_recipe
from tinygmp.projects.training_run import train
from tinygmp.report.record import read_report


def test_every_person_is_left_out_once(quick_recipe, tmp_path):
    trained = train(open_recipe(quick_recipe), tmp_path, leave_one_out=True)
    found = trained.report.left_out
    assert list(found.accuracies) == ["p01", "p02", "p03", "p04", "p05"]
    assert found.what == "people"
    scores = list(found.accuracies.values())
    assert found.mean_accuracy == pytest.approx(np.mean(scores))
    assert found.spread == pytest.approx(np.std(scores, ddof=1))
    assert min(scores) > 100 / 3
    assert read_report(tmp_path) == trained.report
    seen = []
    again = train(open_recipe(quick_recipe), tmp_path, lambda *step: seen.append(step), leave_one_out=True)
    assert again.report.left_out == found
    assert not any(
        what.startswith("without") and "loss" in what for what, _, _ in seen
    )  # nothing is trained again


def with_groups(prepared, groups):
    windows = prepared.data.windows
    return replace(
        prepared, data=replace(prepared.data, windows=Labelled(windows.windows, windows.labels, groups))
    )


def test_who_is_left_out_trains_nothing(quick_recipe):
    prepared = prepare(open_recipe(quick_recipe))
    fold = folds_of(prepared)[1]
    parts = without(prepared, fold).parts
    assert set(parts.test.groups) == {"p02"} == set(parts.held_out.groups)
    assert set(parts.train.groups) == {"p01", "p03", "p04", "p05"}
    assert len(parts.train) + len(parts.test) == len(prepared.data.windows)
    assert np.allclose(without(prepared, fold).scaling.mean, parts.train.windows.mean(axis=(0, 1)), atol=1e-3)


def test_many_groups_leave_in_twenty_turns(quick_recipe):
    prepared = prepare(open_recipe(quick_recipe))
    many = with_groups(prepared, np.array([f"g{number}" for number in range(len(prepared.data.windows))]))
    folds = folds_of(many)
    assert len(folds) == MOST_FOLDS
    assert sorted(name for fold in folds for name in fold.groups) == sorted(set(many.data.windows.groups))
    assert all(fold.name.endswith(f"and {len(fold.groups) - 1} more") for fold in folds)


def test_a_class_of_one_person_cannot_be_left_out(quick_recipe):
    prepared = prepare(open_recipe(quick_recipe))
    labels = prepared.data.windows.labels
    alone = with_groups(prepared, np.where(labels == 2, "anna", prepared.data.windows.groups))
    with pytest.raises(DataError, match="without 'anna' no window of class 'shake' is left"):
        folds_of(alone)
