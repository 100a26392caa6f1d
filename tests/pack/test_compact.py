"""Compaction is exact: the smaller network computes the same logits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.pack.calibrate import run_float
from tinygmp.pack.compact import alive_units, compact, keep_units
from tinygmp.pack.order import cheapest_order


def sparse(rng, shape, kept):
    return (rng.normal(0, 1, shape) * (rng.random(shape) < kept)).astype(np.float32)


def random_weights(seed, hidden=12, inputs=3, classes=3, kept=0.1, w_rank=0, u_rank=0) -> FastGrnnWeights:
    rng = np.random.default_rng(seed)

    def factors(columns, rank):
        if rank == 0:
            return (sparse(rng, (hidden, columns), kept),)
        return sparse(rng, (rank, columns), kept), sparse(rng, (hidden, rank), kept)

    return FastGrnnWeights(
        w=factors(inputs, w_rank),
        u=factors(hidden, u_rank),
        bias_gate=rng.normal(0, 1, hidden).astype(np.float32),
        bias_update=rng.normal(0, 1, hidden).astype(np.float32),
        zeta=0.8,
        nu=0.05,
        classifier=sparse(rng, (classes, hidden), kept),
        classifier_bias=rng.normal(0, 1, classes).astype(np.float32),
    )


@given(seed=st.integers(0, 10_000), kept=st.sampled_from([0.0, 0.05, 0.2, 0.6]), low_rank=st.booleans())
@settings(max_examples=60, deadline=None)
def test_logits_do_not_change(seed, kept, low_rank):
    weights = random_weights(seed, kept=kept, w_rank=2 * low_rank, u_rank=4 * low_rank)
    x = np.random.default_rng(seed).normal(0, 1, (4, 9, 3)).astype(np.float32)
    smaller = compact(weights)
    assert smaller.hidden_size <= weights.hidden_size
    np.testing.assert_allclose(run_float(smaller, x).logits, run_float(weights, x).logits, atol=1e-5)
    again = compact(smaller)
    assert (again.hidden_size, again.nnz) == (smaller.hidden_size, smaller.nnz)


def test_units_that_only_read_each_other_are_dead():
    weights = random_weights(0, hidden=5, kept=0.0)
    u = np.zeros((5, 5), np.float32)
    u[0, 1] = u[1, 0] = u[2, 2] = u[4, 3] = 1.0
    classifier = np.zeros((3, 5), np.float32)
    classifier[1, 4] = 1.0
    weights = FastGrnnWeights(
        weights.w,
        (u,),
        weights.bias_gate,
        weights.bias_update,
        0.8,
        0.05,
        classifier,
        weights.classifier_bias,
    )
    assert alive_units(weights).tolist() == [False, False, False, True, True]
    assert compact(weights).bias_gate.tolist() == weights.bias_gate[3:].tolist()


def test_unused_rank_columns_disappear():
    weights = random_weights(1, kept=0.7, w_rank=3, u_rank=4)
    weights.u[0][2] = 0
    weights.u[1][:, 0] = 0
    assert compact(weights).u[0].shape[0] == 2


@pytest.mark.parametrize("low_rank", [False, True])
def test_a_new_order_of_units_computes_the_same(low_rank):
    weights = random_weights(2, kept=0.3, w_rank=2 * low_rank, u_rank=5 * low_rank)
    x = np.random.default_rng(2).normal(0, 1, (4, 9, 3)).astype(np.float32)
    expected = run_float(weights, x).logits
    shuffled = keep_units(weights, np.random.default_rng(0).permutation(12))
    np.testing.assert_allclose(run_float(shuffled, x).logits, expected, atol=1e-5)
    np.testing.assert_allclose(run_float(cheapest_order(weights), x).logits, expected, atol=1e-5)
