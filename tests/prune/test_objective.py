"""One ranking that spends positions instead of bytes: worked by hand, and cheaper at the same count on any graph."""

import numpy as np
import pytest

from tests.floats.chains import random_cell_graph
from tests.prune.test_data_poor import images, network, zeros
from tinygmp.errors import ConfigError
from tinygmp.prune.data_poor import prune_with_images
from tinygmp.prune.objective import costs_of, multiply_adds, positions, weighed
from tinygmp.prune.prune_graph import prune_globally


def test_a_square_is_weighed_by_what_it_costs():
    scores = {"early.weights": np.array([4.0, 1.0]), "late.weights": np.array([1.5, 0.5])}
    found = weighed(scores, {"early": 16.0, "late": 1.0})
    assert found["early.weights"].tolist() == [1.0, 0.25]
    assert found["late.weights"].tolist() == [1.5, 0.5]
    assert weighed({"early": 4.0}, {"early": 4.0}) == {"early": 2.0}


def test_positions_of_maps_and_vectors():
    assert positions((48, 24, 8)) == 48 * 24
    assert positions((7,)) == 1


def test_flops_give_more_of_early_layers_at_the_same_count():
    graph = network(3)
    plain, cheap = prune_globally(graph, 0.6), prune_globally(graph, 0.6, objective="flops")
    assert plain.nnz == cheap.nnz
    assert multiply_adds(cheap) < 0.9 * multiply_adds(plain)
    assert multiply_adds(plain) < multiply_adds(graph)


def test_bytes_are_the_plain_ranking():
    graph = network(3)
    assert set(costs_of(graph, "bytes").values()) == {1.0}
    for name, matrix in prune_globally(graph, 0.6, objective="bytes").prunable().items():
        assert np.array_equal(matrix, prune_globally(graph, 0.6).prunable()[name])


def test_survivors_that_are_fitted_cost_less_too():
    graph, pixels = network(3), images(32)
    plain = prune_with_images(graph, 0.6, pixels, ranking="magnitude", fit=None)
    cheap = prune_with_images(graph, 0.6, pixels, ranking="magnitude", fit=None, objective="flops")
    assert zeros(plain) == zeros(cheap)
    assert multiply_adds(cheap) < 0.9 * multiply_adds(plain)


def test_what_cannot_be_weighed_is_refused():
    with pytest.raises(ConfigError, match="'time' is unknown; known: bytes, flops"):
        prune_globally(network(3), 0.5, objective="time")
    with pytest.raises(ConfigError, match="choose --objective bytes"):
        prune_globally(random_cell_graph(0, hidden=2, inputs=1, classes=2, kept=1.0), 0.5, objective="flops")
