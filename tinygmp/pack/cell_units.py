"""Hidden units and ranks of a FastGRNN cell: which are alive, and the cell without the others."""

from dataclasses import replace

import numpy as np

from tinygmp.floats.operators.fastgrnn import Factors, FastGrnn


def alive_units(cell: FastGrnn, read: np.ndarray) -> np.ndarray:
    """Return bool [hidden]: the units from which some path of surviving weights leads to one that is read.

    read: bool [hidden], those whose state something after the cell reads; the first where none is.
    """
    alive = read.copy()
    if not alive.any():
        alive[0] = True
    reads = reads_between_units(cell)
    while True:
        grown = alive | reads[alive].any(axis=0)
        if np.array_equal(grown, alive):
            return alive
        alive = grown


def reads_between_units(cell: FastGrnn) -> np.ndarray:
    """Return bool [hidden, hidden]: True where the row's unit reads the column's unit."""
    reads = cell.u[-1] != 0
    return (reads.astype(int) @ (cell.u[0] != 0)) > 0 if len(cell.u) == 2 else reads


def with_units(cell: FastGrnn, units: np.ndarray) -> FastGrnn:
    """Return the cell with the given hidden units (indices), in the given order."""
    u = cell.u
    return replace(
        cell,
        w=(*cell.w[:-1], cell.w[-1][units]),
        u=(u[0][:, units], u[1][units]) if len(u) == 2 else (u[0][units][:, units],),
        bias_gate=cell.bias_gate[units],
        bias_update=cell.bias_update[units],
    )


def without_dead_ranks(cell: FastGrnn) -> FastGrnn:
    return replace(cell, w=drop_ranks(cell.w), u=drop_ranks(cell.u))


def drop_ranks(factors: Factors) -> Factors:
    """Return factors without rank columns whose row of the first or column of the second is empty; one stays."""
    if len(factors) == 1:
        return factors
    first, second = factors
    used = (first != 0).any(axis=1) & (second != 0).any(axis=0)
    if not used.any():
        used[0] = True
    return first[used], second[:, used]
