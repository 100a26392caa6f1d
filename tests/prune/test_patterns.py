import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygmp.errors import ConfigError
from tinygmp.prune.patterns import block_mask, channel_mask, nm_mask, unit_counts


def rows(mask, name="w"):
    return mask[name].astype(int).tolist()


def test_two_of_four_by_hand():
    weights = {"w": np.array([[4.0, -3.0, 2.0, 1.0, 1.0, 1.0, 1.0, 5.0]])}
    assert rows(nm_mask(weights, 2, 4)) == [[1, 1, 0, 0, 1, 0, 0, 1]]


def test_short_last_group_keeps_at_most_n():
    assert rows(nm_mask({"w": np.arange(1.0, 7.0).reshape(1, 6)}, 1, 4)) == [[0, 0, 0, 1, 0, 1]]


@given(st.integers(0, 99), st.integers(1, 4), st.sampled_from([2, 4, 8]), st.floats(0.5, 0.97))
def test_nm_holds_in_every_group_and_the_rest_is_ranked_globally(seed, kept, group, sparsity):
    kept = min(kept, group)
    rng = np.random.default_rng(seed)
    weights = {"a": rng.normal(size=(6, 16)), "b": rng.normal(0, 3, (8, 2, 3, 4))}
    mask = nm_mask(weights, kept, group, sparsity)
    assert mask["a"].reshape(-1, group).sum(axis=1).max() <= kept
    assert mask["b"].reshape(-1, group).sum(axis=1).max() <= kept
    pattern = nm_mask(weights, kept, group)
    assert mask.is_subset(pattern)
    assert mask.nnz == min(pattern.nnz, mask.size - round(sparsity * mask.size))


def test_blocks_by_hand_compare_means_across_layers():
    weights = {"w": np.array([[1.0, 1.0, 9.0, 9.0, 2.0]]), "v": np.array([[3.0, 3.0, 0.0, 5.0, 8.0]])}
    # block means: w 1, 9, 2 (one weight); v 3, 2.5, 8 (one weight); half of 10 weights may go
    assert rows(block_mask(weights, 2, 0.5)) == [[0, 0, 1, 1, 0]]
    assert rows(block_mask(weights, 2, 0.5), "v") == [[1, 1, 0, 0, 1]]


def test_blocks_never_exceed_the_budget():
    mask = block_mask({"w": np.arange(1.0, 17.0).reshape(4, 4)}, 4, 0.7)
    assert mask.sparsity == 0.5


def test_channels_keep_a_minimum_per_layer():
    weights = {"a": np.full((4, 3, 3, 3), 0.01), "b": np.ones((4, 27))}
    weights["a"][2] *= 2
    mask = channel_mask(weights, 0.5)
    assert unit_counts(mask) == {"a": 1, "b": 3}
    assert mask["a"][2].all()
    assert unit_counts(channel_mask(weights, 0.5, minimum_channels=0)) == {"a": 0, "b": 4}


def test_units_once_pruned_stay_pruned():
    weights = {"w": np.arange(1.0, 9.0).reshape(4, 2)}
    first = channel_mask(weights, 0.25)
    second = channel_mask({"w": weights["w"][::-1].copy()}, 0.5, previous=first)
    assert rows(first) == [[0, 0], [1, 1], [1, 1], [1, 1]]
    assert second.is_subset(first)
    assert second.sparsity == 0.5


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda w: nm_mask(w, 5, 4), "5:4"),
        (lambda w: block_mask(w, 0, 0.5), "block of 0"),
        (lambda w: channel_mask(w, 0.9, minimum_channels=3), "lower the minimum"),
        (lambda w: channel_mask(w, 1.5), "outside"),
    ],
)
def test_impossible_patterns_are_refused(act, message):
    with pytest.raises(ConfigError, match=message):
        act({"w": np.arange(1.0, 17.0).reshape(4, 4)})
