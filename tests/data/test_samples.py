"""Samples of a user, chosen and refused, and where the samples of any model come from."""

from dataclasses import replace

import numpy as np
import pytest

from tinygmp.data.images import Choice
from tinygmp.data.samples import Samples, spread_over
from tinygmp.data.source import load_samples
from tinygmp.errors import ConfigError, DataError
from tinygmp.graph.random_graph import random_graph
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.run import run

GRAPHS = [random_graph(seed) for seed in range(40)]
SEVERAL = next(graph for graph in GRAPHS if len(graph.inputs) > 1)


def arrays_for(model, count=3, seed=0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = (model.values[name] for name in model.inputs)
    return {
        each.name: rng.integers(*each.limits, (count, *each.shape), endpoint=True).astype(each.dtype)
        for each in values
    }


def test_spread_takes_the_first_and_the_last_and_never_more_than_there_are():
    samples = Samples("", False, (np.arange(10).reshape(10, 1),), np.arange(10))
    assert samples.spread(4).first.ravel().tolist() == [0, 3, 6, 9]
    assert samples.spread(4).labels.tolist() == [0, 3, 6, 9]
    assert len(samples.spread(99)) == len(samples.spread(None)) == len(samples) == 10
    with pytest.raises(ConfigError, match="0 samples"):
        spread_over(10, 0)


def test_a_model_of_several_inputs_takes_an_array_of_each_name(tmp_path):
    arrays = arrays_for(SEVERAL)
    np.savez(tmp_path / "own.npz", **arrays)
    found = load_samples(SEVERAL, str(tmp_path / "own.npz"), Choice(limit=2))
    assert [
        np.array_equal(one, arrays[name][[0, 2]])
        for name, one in zip(SEVERAL.inputs, found.inputs, strict=True)
    ]
    assert len(run(SEVERAL, *found.inputs).classes) == 2
    assert (found.labels, found.synthetic, found.name) == (None, False, str(tmp_path / "own.npz"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda arrays, name: arrays.pop(name), "needs an array '{name}'"),
        (lambda arrays, name: arrays.update({name: arrays[name][:2]}), r"samples; give every input as many"),
        (lambda arrays, name: arrays.update({name: arrays[name].astype(np.float64)}), "'{name}' is float64"),
        (lambda arrays, name: arrays.update({name: arrays[name][:0]}), "'{name}' is .*, expected"),
        (lambda arrays, name: arrays.update(labels=np.array([0])), "labels must be 3 classes"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(tmp_path, change, told):
    arrays, name = arrays_for(SEVERAL), SEVERAL.inputs[1]
    change(arrays, name)
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(DataError, match=told.format(name=name)):
        load_samples(SEVERAL, str(tmp_path / "own.npz"))


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (random_model(seed=1, hidden=8), "random counts"),
        (random_image_model(5, 20, 4, ((6, 1),), 7, 0.25, "rice"), "random patterns"),
        (SEVERAL, "random integers"),
    ],
    ids=["windows", "images", "several inputs"],
)
def test_random_samples_suit_every_model_and_repeat(model, name):
    found, again = (load_samples(model, "random", Choice(limit=4)) for _ in range(2))
    assert (found.name, len(found)) == (name, 4)
    assert all(map(np.array_equal, found.inputs, again.inputs))
    assert len(run(model, *found.inputs).classes) == 4


def test_windows_of_other_channels_or_without_numbers_are_refused(tmp_path):
    model = random_model(seed=1, hidden=8)
    for windows, told in (
        (np.zeros((2, 3, 8)), r"expected reals \[windows, steps, 9\]"),
        (np.full((2, 3, 9), np.nan), "no numbers"),
        (np.array([["a"]]), "expected reals"),
    ):
        np.savez(tmp_path / "own.npz", windows=windows)
        with pytest.raises(DataError, match=told):
            load_samples(model, str(tmp_path / "own.npz"))


def test_skipped_files_stay_told_when_some_are_chosen():
    samples = replace(Samples("", False, (np.zeros((5, 1)),)), skipped=("broken.png",))
    assert samples.spread(2).skipped == ("broken.png",)
