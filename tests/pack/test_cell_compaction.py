"""Compaction of cells is exact: the smaller network computes the same logits."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.floats.chains import random_cell_graph
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.window_classifier import cell_of, hidden_size
from tinygmp.pack.cell_units import alive_units
from tinygmp.pack.compaction import compact
from tinygmp.pack.unit_order import cheapest_order, in_order


def cell(graph) -> FastGrnn:
    return cell_of(graph).operator


@given(seed=st.integers(0, 10_000), kept=st.sampled_from([0.0, 0.05, 0.2, 0.6]), low_rank=st.booleans())
@settings(max_examples=60, deadline=None)
def test_logits_do_not_change(seed, kept, low_rank):
    graph = random_cell_graph(seed, (2 * low_rank, 4 * low_rank), kept=kept)
    x = np.random.default_rng(seed).normal(0, 1, (4, 9, 3)).astype(np.float32)
    smaller = compact(graph)
    assert hidden_size(smaller) <= hidden_size(graph)
    np.testing.assert_allclose(smaller.logits(x), graph.logits(x), atol=1e-5)
    again = compact(smaller)
    assert (hidden_size(again), again.nnz) == (hidden_size(smaller), smaller.nnz)


def test_units_that_only_read_each_other_are_dead():
    graph = random_cell_graph(0, hidden=5, kept=0.0)
    u = np.zeros((5, 5), np.float32)
    u[0, 1] = u[1, 0] = u[2, 2] = u[4, 3] = 1.0
    classifier = np.zeros((3, 5), np.float32)
    classifier[1, 4] = 1.0
    graph = graph.with_weights({"rnn.U": u, "classifier.weights": classifier})
    read = np.array([False, False, False, False, True])
    assert alive_units(cell(graph), read).tolist() == [False, False, False, True, True]
    assert cell(compact(graph)).bias_gate.tolist() == cell(graph).bias_gate[3:].tolist()


def test_unused_rank_columns_disappear():
    graph = random_cell_graph(1, (3, 4), kept=0.7)
    first, second = (matrix.copy() for matrix in cell(graph).u)
    first[2] = 0
    second[:, 0] = 0
    graph = graph.with_operators({"rnn": replace(cell(graph), u=(first, second))})
    assert cell(compact(graph)).u[0].shape[0] == 2


@pytest.mark.parametrize("low_rank", [False, True])
def test_a_new_order_of_units_computes_the_same(low_rank):
    graph = random_cell_graph(2, (2 * low_rank, 5 * low_rank), kept=0.3)
    x = np.random.default_rng(2).normal(0, 1, (4, 9, 3)).astype(np.float32)
    expected = graph.logits(x)
    shuffled = in_order(graph, np.random.default_rng(0).permutation(12))
    np.testing.assert_allclose(shuffled.logits(x), expected, atol=1e-5)
    np.testing.assert_allclose(cheapest_order(graph).logits(x), expected, atol=1e-5)
