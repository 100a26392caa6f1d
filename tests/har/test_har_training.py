"""Training of a recipe: people kept apart, what is reported, and stopping on the way."""

import math

import numpy as np
import pytest

from har.recipe import load_recipe
from har.synthetic import synthetic_data
from har.training import prepare, train_dense, train_pruned


class Stopped(Exception):
    pass


@pytest.fixture(scope="module")
def data():
    return synthetic_data(0, windows_each=4)


@pytest.fixture(scope="module")
def recipe():
    """Return the quick recipe made quicker still."""
    quick = load_recipe("quick")
    return quick.model_copy(
        update={
            "network": quick.network.model_copy(update={"hidden": 12}),
            "training": quick.training.model_copy(
                update={"epochs": 9, "dense_epochs": 6, "batch_size": 50, "average_decay": 0.9}
            ),
            "pruning": quick.pruning.model_copy(update={"start_epoch": 2, "end_epoch": 5}),
        }
    )


def quiet(*arguments):
    pass


def test_a_stopped_run_reports_what_a_whole_one_does(data, recipe, tmp_path):
    prepared = prepare(data, recipe, 1)
    whole = train_pruned(prepared, recipe, 1, quiet, None)

    def stop(stage, epoch, epochs):
        if epoch.epoch == 6:
            raise Stopped

    with pytest.raises(Stopped):
        train_pruned(prepared, recipe, 1, stop, tmp_path / "run.pt")
    resumed = train_pruned(prepared, recipe, 1, quiet, tmp_path / "run.pt")
    finished = train_pruned(prepared, recipe, 1, quiet, tmp_path / "run.pt")
    for other in (resumed, finished):
        assert other.history == whole.history
        assert other.best_epoch_test_accuracy == whole.best_epoch_test_accuracy
        for name, matrix in whole.graph.prunable().items():
            assert np.array_equal(matrix, other.graph.prunable()[name]), name


def test_what_is_reported(data, recipe):
    prepared = prepare(data, recipe, 0)
    pruned = train_pruned(prepared, recipe, 0, quiet, None)
    size = pruned.graph.weight_count
    assert pruned.graph.nnz == size - round(recipe.pruning.sparsity * size)
    assert [epoch.epoch for epoch in pruned.history if epoch.measured] == [4, 8]
    assert pruned.best_epoch_test_accuracy >= pruned.test_accuracy == pruned.history[-1].measured["test"]
    assert math.isfinite(pruned.validation_accuracy)
    dense = train_dense(prepared, recipe, 0, quiet, None)
    assert dense.graph.nnz > 0.99 * size
    assert len(dense.history) == 6


def test_without_validation_people_everybody_trains(data, recipe):
    everybody = recipe.model_copy(
        update={"validation": recipe.validation.model_copy(update={"people": 0}), "windows": 200}
    )
    prepared = prepare(data, everybody, 0)
    assert (len(prepared.validation), len(prepared.train)) == (0, 200)
    trained = train_dense(prepared, everybody, 0, quiet, None)
    assert trained.validation_accuracy is None
    assert set(trained.history[-1].measured) == {"test"}


def test_another_seed_gives_another_network_and_the_same_seed_the_same(data, recipe):
    prepared = prepare(data, recipe, 0)
    first, again, other = (train_dense(prepared, recipe, seed, quiet, None).graph for seed in (0, 0, 1))
    first, again, other = (graph.prunable()["rnn.U"] for graph in (first, again, other))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
