"""One list over all layers that spends flops or instructions: worked by hand, within its budget, and not below it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.floats.chains import random_cell_graph
from tests.prune.test_data_poor import images, network, zeros
from tinygmp.cost.goal import Goal
from tinygmp.errors import ConfigError
from tinygmp.prune.choices import choices
from tinygmp.prune.data_poor import prune_with_images
from tinygmp.prune.graph_work import works_of_graph
from tinygmp.prune.objective import Costs, Price, costs_of, mask_for, mask_within
from tinygmp.prune.prune_graph import prune_globally

EARLY, LATE = Price(3, 10.0, 5.0, 40.0), Price(3, 1.0, 2.0, 9.0)
COSTS = Costs("units", {"early": EARLY, "late": LATE}, rest=100.0)
SALIENCY = {"early": np.array([50.0, 20.0, 10.0]), "late": np.array([4.0, 0.5, 3.0])}


def test_a_weight_stays_when_it_is_worth_its_price():
    # Worth: early 5, 2, 1; late 4, 0.5, 3. In order early0, late0, late2, early1, early2, late1.
    mask = mask_within(SALIENCY, COSTS, 100 + 5 + 2 + 10 + 1 + 1)
    assert mask["early"].tolist() == [True, False, False]
    assert mask["late"].tolist() == [True, False, True]
    assert COSTS.of(mask.layer_nnz()) == 119
    one_more = mask_within(SALIENCY, COSTS, 129)
    assert one_more["early"].tolist() == [True, True, False]


def test_a_layer_that_is_quicker_dense_keeps_all():
    costs = Costs("units", {"early": EARLY, "late": Price(3, 1.0, 2.0, 3.0)})
    mask = mask_within(SALIENCY, costs, 5 + 10 + 3)
    assert mask["late"].all()
    assert mask["early"].tolist() == [True, False, False]


def test_what_costs_nothing_stays_and_a_minimum_is_kept():
    costs = Costs("units", {"early": EARLY, "late": Price(3, 0.0, 0.0, 9.0)})
    assert mask_within(SALIENCY, costs, 5.0)["late"].all()
    mask = mask_within(SALIENCY, COSTS, 100 + 5 + 10 + 2 + 1, minimum=1)
    assert mask.layer_nnz() == {"early": 1, "late": 1}
    with pytest.raises(ConfigError, match=r"a budget of 110 units is below the 118 that .*raise the budget"):
        mask_within(SALIENCY, COSTS, 110, minimum=1)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.05, 1.2))
def test_one_weight_more_would_exceed_any_budget(seed, share):
    rng = np.random.default_rng(seed)
    saliency = {name: rng.permutation(20) + rng.random(20) for name in "abc"}
    prices = {name: Price(20, float(rng.integers(1, 9)), float(rng.integers(0, 9)), np.inf) for name in "abc"}
    costs = Costs("units", prices)
    budget = costs.of(dict.fromkeys("abc", 0)) + share * 20 * sum(price.each for price in prices.values())
    mask = mask_within(saliency, costs, budget)
    kept = mask.layer_nnz()
    assert costs.of(kept) <= budget
    worth = {name: np.where(mask[name], -1, saliency[name]) / prices[name].each for name in "abc"}
    best = max("abc", key=lambda name: worth[name].max())
    if mask.nnz < 60:
        assert costs.of(kept | {best: kept[best] + 1}) > budget


def multiply_adds(graph) -> int:
    works = works_of_graph(graph)
    return sum(works[name].positions * np.count_nonzero(matrix) for name, matrix in graph.prunable().items())


def test_flops_give_more_of_early_layers_at_the_same_count():
    graph = network(3)
    plain, cheap = prune_globally(graph, 0.6), prune_globally(graph, 0.6, goal=Goal("flops"))
    assert plain.nnz == cheap.nnz
    assert multiply_adds(cheap) < 0.9 * multiply_adds(plain)
    pruned = prune_with_images(graph, 0.6, images(32), ranking="magnitude", fit=None, goal=Goal("flops"))
    assert zeros(pruned) == zeros(prune_with_images(graph, 0.6, images(32), ranking="magnitude", fit=None))


def test_a_budget_is_met():
    graph = network(3)
    works = works_of_graph(graph)
    for objective in ("flops", "time:cortex-m4f"):
        costs = costs_of(objective, works)
        least = costs.of(dict.fromkeys(works, 0))
        budget = least + 0.4 * (costs.dense - least)
        pruned = prune_globally(graph, 0.0, goal=Goal(objective, budget))
        spent = costs.of({name: np.count_nonzero(matrix) for name, matrix in pruned.prunable().items()})
        assert 0.8 * budget < spent <= budget


def test_choices_are_of_as_many_zeros():
    graph = network(3)
    goal = Goal("time:cortex-m4f")
    pruned = prune_globally(graph, 0.6, goal=goal)
    dense, plain, flops, time, own = choices(graph, pruned, goal)
    assert dense.nonzero > plain.nonzero == flops.nonzero == time.nonzero == own.nonzero
    assert flops.multiply_adds <= min(plain.multiply_adds, time.multiply_adds) < dense.multiply_adds
    assert (own.multiply_adds, own.instructions) == (time.multiply_adds, time.instructions)
    assert choices(graph, pruned, Goal("flops"))[0].instructions is None


def test_a_sparsity_is_exact_whatever_is_spared():
    mask = mask_for(Goal("flops"), SALIENCY, COSTS, 0.5)
    assert mask.nnz == 3
    assert mask["early"].tolist() == [True, False, False]


def test_what_cannot_be_weighed_is_refused():
    with pytest.raises(ConfigError, match="'speed' is unknown; known: bytes, flops, time:CORE"):
        Goal("speed")
    with pytest.raises(ConfigError, match="no cost model of core 'z80'"):
        Goal("time:z80")
    with pytest.raises(ConfigError, match="budget 0 of flops"):
        Goal("flops", 0)
    with pytest.raises(ConfigError, match="bytes follow from --sparsity"):
        Goal("bytes", 1000)
    cell = random_cell_graph(0, hidden=2, inputs=1, classes=2, kept=1.0)
    with pytest.raises(ConfigError, match="leave --objective bytes"):
        prune_globally(cell, 0.5, goal=Goal("flops"))
