"""Clusters and narrow value formats: the mask stays, the error is the least."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygmp.errors import FormatError
from tinygmp.sparse import encode
from tinygmp.sparse.cluster import cluster
from tinygmp.sparse.narrow import narrow

NARROW = ("int8", "int4", "ternary", "power2", "codebook4", "codebook8", "codebook16")


def pruned_laplacian(seed: int, shape: tuple[int, int] = (30, 40)) -> np.ndarray:
    weights = np.random.default_rng(seed).laplace(size=shape)
    return np.where(np.abs(weights) < 0.8, 0, weights)


def error(weights: np.ndarray, value_format: str) -> float:
    q, scale = narrow(weights, value_format)
    return float(((q * scale - weights) ** 2).sum() / (weights**2).sum())


@pytest.mark.parametrize("value_format", NARROW)
def test_the_mask_stays_and_the_format_holds_the_result(value_format):
    weights = pruned_laplacian(0)
    q, scale = narrow(weights, value_format)
    assert np.array_equal(q != 0, weights != 0)
    assert np.array_equal(np.sign(q), np.sign(weights))
    assert np.array_equal(encode("t", q, scale, "rice", value_format).decode(), q)


def test_wider_formats_err_less():
    errors = {name: error(pruned_laplacian(1, (200, 200)), name) for name in NARROW}
    assert errors["int8"] < 1e-3 < errors["codebook16"] < errors["int4"] < 0.02
    assert errors["codebook16"] < errors["codebook8"] < errors["codebook4"] < errors["ternary"]


def least_error(values: list[int], entries: int) -> float:
    """Try every way to cut the sorted values of each sign into clusters."""
    ordered = sorted(values)
    best = float("inf")
    for cuts in combinations(range(1, len(ordered)), entries - 1):
        parts = [ordered[low:high] for low, high in zip((0, *cuts), (*cuts, len(ordered)), strict=True)]
        if all(part[0] * part[-1] > 0 for part in parts):
            best = min(best, sum(float(np.var(part)) * len(part) for part in parts))
    return best


@given(
    values=st.lists(st.integers(-127, 127).filter(bool), min_size=4, max_size=10), entries=st.integers(2, 4)
)
@settings(max_examples=60, deadline=None)
def test_no_other_clusters_are_better(values, entries):
    q = np.array([values], np.int8)
    clustered = cluster(q, entries)
    assert len(np.unique(clustered)) <= entries
    if len(set(values)) <= entries:
        assert np.array_equal(clustered, q)
        return
    rounding = 0.25 * len(values)  # entries are whole numbers: at most 1/2 beside the mean
    assert ((clustered - q.astype(float)) ** 2).sum() <= least_error(values, entries) + rounding + 1e-9


def test_no_entry_collapses():
    q = (pruned_laplacian(2, (100, 100)) * 20).clip(-127, 127).astype(np.int8)
    for entries in (4, 8, 16):
        assert len(np.unique(cluster(q, entries)[q != 0])) == entries


def test_hand_worked_clusters():
    """-9 and -8 average to -8.5, which rounds to -8; the positive side splits at its gap."""
    q = np.array([[-9, -8, 0, 10, 12, 50, 52]], np.int8)
    assert cluster(q, 3).tolist() == [[-8, -8, 0, 11, 11, 51, 51]]


@pytest.mark.parametrize("weights", [np.zeros((2, 3)), np.array([[0.5]]), np.array([[-3.0, 0.0]])])
@pytest.mark.parametrize("value_format", NARROW)
def test_few_or_no_survivors(weights, value_format):
    q, scale = narrow(weights, value_format)
    assert np.allclose(q * scale, weights, rtol=1e-6)


def test_what_cannot_be_narrowed_is_refused():
    with pytest.raises(FormatError, match="not finite"):
        narrow(np.array([[np.nan]]), "int4")
    with pytest.raises(FormatError, match="'int9' has no levels"):
        narrow(np.ones((1, 1)), "int9")
    with pytest.raises(FormatError, match="expected int8 and at least 2"):
        cluster(np.ones((1, 1)), 4)
    with pytest.raises(FormatError, match="value 8 has no code"):
        encode("t", np.array([[8]], np.int8), 1.0, "rice", "int4")
    with pytest.raises(FormatError, match="5 different values, codebook4 holds 4"):
        encode("t", np.array([[1, 2, 3, 4, 5]], np.int8), 1.0, "rice", "codebook4")
