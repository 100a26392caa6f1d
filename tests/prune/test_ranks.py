import numpy as np
import pytest

from tinygmp.errors import ConfigError
from tinygmp.prune.ranks import (
    FASTGRNN_PAIRS,
    LowRankPair,
    global_rank_mask,
    rank_mask,
    rank_scores,
    without_pruned_ranks,
)

W, U = FASTGRNN_PAIRS


def factors(hidden, inputs, w_rank, u_rank, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"W1": (hidden, w_rank), "W2": (w_rank, inputs), "U1": (hidden, u_rank), "U2": (u_rank, hidden)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def test_scores_by_hand():
    weights = {"W1": np.array([[1.0, -2.0], [3.0, 0.5]]), "W2": np.array([[1.0, -1.0, 1.0], [0.0, 0.0, 4.0]])}
    assert rank_scores(weights, W).tolist() == [4 + 3, 2.5 + 4]


@pytest.mark.parametrize(("w_rank", "u_rank", "parameters"), [(9, 8, 2405), (9, 7, 2245), (8, 7, 2156)])
def test_the_papers_rows_have_the_papers_parameter_counts(w_rank, u_rank, parameters):
    weights = factors(80, 9, 9, 80)
    mask = rank_mask(weights, {W: w_rank, U: u_rank})
    biases_gates_classifier = 2 * 80 + 2 + (2 * 80 + 2)
    assert mask.nnz + biases_gates_classifier == parameters
    smaller = without_pruned_ranks(weights, mask)
    assert smaller["U1"].shape == (80, u_rank)
    assert smaller["W2"].shape == (w_rank, 9)


def test_cutting_ranks_out_leaves_the_masked_product():
    weights = factors(12, 5, 4, 6)
    mask = rank_mask(weights, {W: 2, U: 3})
    masked, smaller = mask.apply(weights), without_pruned_ranks(weights, mask)
    np.testing.assert_allclose(
        smaller["U1"] @ smaller["U2"], masked["U1"] @ masked["U2"], rtol=1e-5, atol=1e-6
    )


def test_global_ranks_share_one_list_and_keep_a_minimum():
    weights = factors(10, 3, 3, 8)
    weights["W1"] *= 0.01
    weights["W2"] *= 0.01
    mask = global_rank_mask(weights, 5)
    assert int(mask["W1"].any(axis=0).sum()) == 1
    assert int(mask["U1"].any(axis=0).sum()) == 4
    np.testing.assert_array_equal(mask["U1"].any(axis=0), mask["U2"].any(axis=1))


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda w: rank_mask(w, {W: 0}), r"outside 1\.\.4"),
        (lambda w: rank_mask(w, {LowRankPair("V1", "V2"): 1}), "'V1' and 'V2' are not both"),
        (lambda w: rank_mask(w, {LowRankPair("W2", "U2"): 1}), "share no rank"),
        (lambda w: global_rank_mask(w, 1), r"outside 2\.\.10"),
    ],
)
def test_impossible_ranks_are_refused(act, message):
    with pytest.raises(ConfigError, match=message):
        act(factors(12, 5, 4, 6))
