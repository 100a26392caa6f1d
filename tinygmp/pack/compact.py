"""Remove what no output depends on: exact, the remaining network computes the same."""

from dataclasses import replace

import numpy as np

from tinygmp.models.fastgrnn_weights import FastGrnnWeights


def compact(weights: FastGrnnWeights) -> FastGrnnWeights:
    """Return the network without dead hidden units and dead rank columns.

    A unit is alive when the classifier reads it or an alive unit does; a rank column when its row of the
    first factor and its column of the second both hold a weight. At least one unit and one rank remain.
    """
    smaller = keep_units(weights, np.flatnonzero(alive_units(weights)))
    return replace(smaller, w=drop_ranks(smaller.w), u=drop_ranks(smaller.u))


def alive_units(weights: FastGrnnWeights) -> np.ndarray:
    """Return bool [hidden]: the units from which some path of surviving weights leads to the classifier."""
    alive = (weights.classifier != 0).any(axis=0)
    if not alive.any():
        alive[0] = True
    reads = reads_between_units(weights)
    while True:
        grown = alive | reads[alive].any(axis=0)
        if np.array_equal(grown, alive):
            return alive
        alive = grown


def reads_between_units(weights: FastGrnnWeights) -> np.ndarray:
    """Return bool [hidden, hidden]: True where the row's unit reads the column's unit."""
    reads = weights.u[-1] != 0
    return (reads.astype(int) @ (weights.u[0] != 0)) > 0 if len(weights.u) == 2 else reads


def keep_units(weights: FastGrnnWeights, units: np.ndarray) -> FastGrnnWeights:
    """Return the network with the given hidden units (indices), in the given order."""
    u = weights.u
    return replace(
        weights,
        w=(*weights.w[:-1], weights.w[-1][units]),
        u=(u[0][:, units], u[1][units]) if len(u) == 2 else (u[0][units][:, units],),
        bias_gate=weights.bias_gate[units],
        bias_update=weights.bias_update[units],
        classifier=weights.classifier[:, units],
    )


def drop_ranks(factors: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Return factors without unused rank columns; at least one stays."""
    if len(factors) == 1:
        return factors
    first, second = factors
    used = (first != 0).any(axis=1) & (second != 0).any(axis=0)
    if not used.any():
        used[0] = True
    return first[used], second[:, used]
