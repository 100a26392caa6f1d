"""Best lengths of a prefix code whose symbols are ordered from frequent to rare."""

import numpy as np


def falling(counts: np.ndarray) -> np.ndarray:
    """Return the non-increasing weights nearest to the counts (pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for count in counts.tolist():
        total, width = float(count), 1
        while pools and pools[-1][0] * width < total * pools[-1][1]:
            before, before_width = pools.pop()
            total, width = total + before, width + before_width
        pools.append((total, width))
    return np.concatenate([np.full(width, total / width) for total, width in pools])


def code_lengths(weights: np.ndarray, limit: int) -> np.ndarray:
    """Return ascending code lengths, at most `limit` bits, for non-increasing weights.

    Package-merge (Larmore and Hirschberg 1990). A single symbol gets one bit. At most 2**limit symbols.
    """
    if len(weights) == 1:
        return np.ones(1, np.int64)
    singles: list[tuple[float, tuple[int, ...]]] = [
        (weight, (symbol,)) for symbol, weight in reversed(list(enumerate(weights.tolist())))
    ]
    coins = singles
    for _ in range(limit - 1):
        pairs = zip(coins[0::2], coins[1::2], strict=False)
        packages = [(left[0] + right[0], left[1] + right[1]) for left, right in pairs]
        coins = sorted(singles + packages, key=lambda coin: coin[0])
    chosen = [symbol for _, symbols in coins[: 2 * len(weights) - 2] for symbol in symbols]
    return np.sort(np.bincount(chosen, minlength=len(weights)))
