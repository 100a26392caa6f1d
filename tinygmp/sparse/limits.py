"""What a packed weight must cost at least."""

import numpy as np


def binary_entropy(p: float) -> float:
    """Return h2(p) in bits, 0 at p = 0 and 1."""
    return 0.0 if p in (0.0, 1.0) else float(-p * np.log2(p) - (1 - p) * np.log2(1 - p))


def limit_bits(size: int, nnz: int, value_bits: int) -> float:
    """Return n*h2(k/n) + k*b: an unstructured mask and values without structure."""
    return size * binary_entropy(nnz / size) + nnz * value_bits


def entropy_limit_bits(q: np.ndarray) -> float:
    """Return H(mask) + H(values) in bits, each as its empirical zeroth-order entropy."""
    survivors = q[q != 0]
    if survivors.size == 0:
        return 0.0
    counts = np.unique(survivors, return_counts=True)[1]
    share = counts / survivors.size
    return q.size * binary_entropy(survivors.size / q.size) - float(survivors.size * (share @ np.log2(share)))
