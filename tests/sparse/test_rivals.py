"""Sizes of other people's formats, and that none is smaller on random masks."""

import gzip

import numpy as np
import pytest

from tinygmp.graph.random_weights import random_weights
from tinygmp.sparse import choose
from tinygmp.sparse.rivals import (
    csr_bytes,
    dcsr_bytes,
    edgeml_bytes,
    gzip_bytes,
    rivals,
    sparse_initializer_bytes,
    tflite_sparse_bytes,
)

TWO_ROWS = np.array([[0, 3, 0, 0, -2], [0, 0, 0, 5, 0]], np.int8)


def test_sizes_by_hand():
    assert csr_bytes(TWO_ROWS, 1) == 3 * 2 + 3 * 2
    assert csr_bytes(TWO_ROWS, 2) == 3 * 3 + 3 * 2
    assert tflite_sparse_bytes(TWO_ROWS) == 3 * 2 + 3
    assert tflite_sparse_bytes(np.ones((1, 300), np.int8)) == 300 * 3 + 2 * 2
    assert sparse_initializer_bytes(TWO_ROWS) == 27
    assert edgeml_bytes(TWO_ROWS) == 3 * 5 + 5 * 4
    assert dcsr_bytes(TWO_ROWS) == 3 + 3 * 2 + 2 + (3 * 4 + 7) // 8  # a group for each row
    assert gzip.decompress(gzip.compress(TWO_ROWS.tobytes(), 9, mtime=0)) == TWO_ROWS.tobytes()
    assert gzip_bytes(TWO_ROWS) > 18


@pytest.mark.parametrize(("sparsity", "published"), [(0.76, 1.72), (0.90, 2.00), (0.95, 2.82)])
def test_the_dcsr_estimate_is_in_its_favour(sparsity, published):
    """Bytes per nonzero that dCSR's own models show; the estimate must not be above them."""
    q = random_weights(np.random.default_rng(0), 128, 256, 1 - sparsity)
    assert dcsr_bytes(q) / np.count_nonzero(q) <= published


@pytest.mark.parametrize("sparsity", [0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98])
def test_none_is_smaller_on_random_masks(sparsity):
    for seed in range(2):
        q = random_weights(np.random.default_rng(seed), 128, 128, 1 - sparsity)
        ours = choose("t", q, 1.0).payload_bytes
        assert {name: size(q) for name, size in rivals().items() if size(q) <= ours} == {}
