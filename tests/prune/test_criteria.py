import numpy as np
import pytest

from tinygmp.errors import ConfigError
from tinygmp.prune.baselines import CRITERIA, criterion, random_mask
from tinygmp.prune.minimum import MinimumShare
from tinygmp.prune.rescaled import rescaled_global_magnitude_mask, scaled_counts


@pytest.fixture
def weights():
    rng = np.random.default_rng(7)
    shapes = {"stem": (8, 3, 3, 3), "wide": (64, 32), "narrow": (4, 16), "head": (10, 64)}
    return {
        name: rng.normal(0, 1 + i, shape).astype(np.float32) for i, (name, shape) in enumerate(shapes.items())
    }


@pytest.mark.parametrize("name", CRITERIA)
@pytest.mark.parametrize("minimum", [None, 30, MinimumShare(0.02)])
def test_every_criterion_meets_the_count_the_floor_and_its_previous_mask(name, minimum, weights):
    total = sum(array.size for array in weights.values())
    first = criterion(name)(weights, 0.5, minimum)
    second = criterion(name)(weights, 0.9, minimum, previous=first)
    assert first.nnz == total - round(0.5 * total)
    assert second.nnz == total - round(0.9 * total)
    assert second.is_subset(first)
    floor = (
        {None: 0, 30: 30}.get(minimum, int(0.02 * total))
        if isinstance(minimum, int | None)
        else int(0.02 * total)
    )
    assert all(nnz >= min(floor, weights[layer].size) for layer, nnz in second.layer_nnz().items())


@pytest.mark.parametrize("name", CRITERIA)
def test_order_of_layers_does_not_matter(name, weights):
    assert criterion(name)(weights, 0.8) == criterion(name)(dict(reversed(weights.items())), 0.8)


def test_uniform_keeps_the_same_fraction_everywhere(weights):
    kept = criterion("uniform")(weights, 0.75).layer_nnz()
    assert kept == {"stem": 54, "wide": 512, "narrow": 16, "head": 160}


def test_erdos_renyi_densities_are_proportional_to_sum_over_product():
    weights = {
        "a": np.random.default_rng(0).normal(size=(100, 50)),
        "b": np.ones((40, 40)),
        "c": np.ones((2, 3)),
    }
    kept = criterion("erdos-renyi-kernel")(weights, 0.9).layer_nnz()
    assert kept["c"] == 6  # would need more than all of its weights
    assert kept["a"] + kept["b"] + kept["c"] == 661
    assert abs(kept["a"] / kept["b"] - 150 / 80) < 0.01


def test_layerwise_ranks_in_units_of_each_layer():
    weights = {"small": np.array([0.1, 0.2, 0.3, 0.4]), "large": np.array([10.0, 20.0, 30.0, 40.0])}
    assert criterion("layerwise")(weights, 0.5).layer_nnz() == {"small": 2, "large": 2}
    assert criterion("global")(weights, 0.5).layer_nnz() == {"small": 0, "large": 4}


def test_random_depends_on_the_seed_only(weights):
    assert random_mask(weights, 0.5, seed=1) == random_mask(
        {n: a * 0 for n, a in weights.items()}, 0.5, seed=1
    )
    assert random_mask(weights, 0.5, seed=1) != random_mask(weights, 0.5, seed=2)


def test_rescaling_keeps_the_proportions_that_the_ranking_gave():
    # the plain ranking prunes all of 'tiny' and 40 % of 'big': the floor of 2 gives back 2, spread over 'big'
    weights = {"tiny": np.full(4, 0.01), "big": np.arange(1.0, 11.0), "huge": np.arange(100.0, 110.0)}
    plain = criterion("global")(weights, 8 / 24)
    assert plain.layer_nnz() == {"tiny": 0, "big": 6, "huge": 10}
    rescaled = rescaled_global_magnitude_mask(weights, 8 / 24, 2)
    assert rescaled.layer_nnz() == {"tiny": 2, "big": 4, "huge": 10}


def test_rescaling_differs_from_ranking_again():
    # 'big' and 'mid' lost 4 and 2; rescaling gives the refused two back 4:2, re-ranking to the smallest
    # weights
    weights = {
        "tiny": np.full(6, 0.01),
        "big": np.concatenate([np.full(4, 0.1), np.full(6, 9.0)]),
        "mid": np.concatenate([np.full(2, 0.1), np.full(8, 1.0)]),
    }
    reranked = criterion("global")(weights, 12 / 26, 3)
    rescaled = rescaled_global_magnitude_mask(weights, 12 / 26, 3)
    assert reranked.layer_nnz() == {"tiny": 3, "big": 6, "mid": 5}
    assert rescaled.layer_nnz() == {"tiny": 3, "big": 4, "mid": 7}


def test_layers_at_most_as_large_as_the_minimum_stay_dense_when_rescaled(weights):
    kept = rescaled_global_magnitude_mask(weights, 0.5, 64).layer_nnz()
    assert kept["narrow"] == 64


def test_scaled_counts_by_hand():
    assert scaled_counts({"a": 1, "b": 3}, {"a": 10, "b": 10}, 8) == {"a": 2, "b": 6}
    assert scaled_counts({"a": 1, "b": 3}, {"a": 10, "b": 4}, 8) == {"a": 4, "b": 4}
    with pytest.raises(ConfigError, match="rescaling cannot prune 9"):
        scaled_counts({"a": 0, "b": 3}, {"a": 10, "b": 4}, 9)


def test_unknown_criterion_is_refused():
    with pytest.raises(ConfigError, match=r"'taylor' is unknown; use one of global"):
        criterion("taylor")
