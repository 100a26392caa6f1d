"""What a packed weight must cost, and how near the formats come."""

import numpy as np
import pytest

from tinygmp.graph.random_weights import random_weights
from tinygmp.sparse import choose
from tinygmp.sparse.limits import binary_entropy, entropy_limit_bits, limit_bits

DENSER = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.79)
SPARSER = (0.8, 0.85, 0.9, 0.95, 0.98)


def test_limits_by_hand():
    assert binary_entropy(0.5) == 1
    assert binary_entropy(0) == binary_entropy(1) == 0
    assert binary_entropy(0.25) == pytest.approx(0.811278, abs=1e-6)
    assert limit_bits(1000, 500, 8) == 5000
    assert limit_bits(1000, 0, 8) == 0
    assert limit_bits(1000, 1000, 4) == 4000
    q = np.array([[0, 0, 1, 1], [0, 0, 2, 3]], np.int8)  # h2(1/2) * 8 + 4 values of 1.5 bits
    assert entropy_limit_bits(q) == pytest.approx(8 + 6)
    assert entropy_limit_bits(np.zeros((2, 2), np.int8)) == 0


@pytest.mark.parametrize("shape", [(20, 25), (5, 100), (80, 80), (300, 200)])
@pytest.mark.parametrize("sparsity", DENSER + SPARSER)
def test_int8_weights_lie_near_the_limit(shape, sparsity):
    """At most 2 % + 8 B over from 80 to 98 % sparsity, 4 % + 8 B from 50 %, with the formats of every target."""
    share = 1.02 if sparsity >= 0.8 else 1.04
    for seed in range(10):
        q = random_weights(np.random.default_rng(seed), *shape, 1 - sparsity)
        limit_bytes = limit_bits(q.size, np.count_nonzero(q), 8) / 8
        assert choose("t", q, 1.0).payload_bytes <= share * limit_bytes + 8


@pytest.mark.parametrize("sparsity", [0.5, 0.75, 0.9])
def test_entropy_coded_values_lie_near_their_limit(sparsity):
    """Laplacian weights, as training leaves them: at most 3 % over H(mask) + H(values)."""
    rng = np.random.default_rng(3)
    weights = rng.laplace(size=(256, 512))
    weights[np.abs(weights) < np.quantile(np.abs(weights), sparsity)] = 0
    q = np.clip(np.rint(weights * 12), -127, 127).astype(np.int8)
    coded = choose("t", q, 1.0, ("bitmask", "rice", "huffman"), ("int8_huffman", "int8_ranked"))
    assert coded.payload_bytes <= 1.03 * entropy_limit_bits(q) / 8
