"""Coefficients, none below 0, that tell counted instructions with the least relative error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tinygmp.cost.model import Kernel
from tinygmp.cost.terms import group_of, terms_together
from tinygmp.cost.work import Work, expands

LEAST_COUNT = 200.0  # below it an error in instructions counts, above it one in per cent
TOLERANCE = 1e-9
RIDGE = 1e-4  # of every coefficient, so that terms that say the same share what they explain


@dataclass(frozen=True)
class Counted:
    """A layer, its nodes' work, what it took, and the functions that did it."""

    works: tuple[Work, ...]
    count: float
    functions: tuple[str, ...]


def fit_kernels(counted: Sequence[Counted]) -> dict[str, tuple[Kernel, ...]]:
    """Return the kernels of every group, told apart by density where other functions serve denser weights."""
    groups: dict[str, list[Counted]] = {}
    for one in counted:
        groups.setdefault(group_of(one.works), []).append(one)
    return {group: tuple(split(groups[group])) for group in sorted(groups)}


def split(counted: Sequence[Counted]) -> list[Kernel]:
    """Return one kernel, or two where other functions serve denser weights."""
    ways: dict[bool, list[Counted]] = {}
    for one in counted:
        ways.setdefault(expands(one.functions), []).append(one)
    if len(ways) != 2:
        return [Kernel(2.0, names(counted), fit(counted))]
    sparser, denser = sorted(ways.values(), key=lambda each: float(np.mean(densities(each))))
    bound = boundary(densities(sparser), densities(denser))
    return [Kernel(below, names(each), fit(each)) for below, each in ((bound, sparser), (2.0, denser))]


def densities(counted: Sequence[Counted]) -> list[float]:
    return [one.works[0].density for one in counted]


def names(counted: Sequence[Counted]) -> tuple[str, ...]:
    return tuple(sorted({name for one in counted for name in one.functions}))


def boundary(sparser: Sequence[float], denser: Sequence[float]) -> float:
    """Return the density that tells two sets apart with the fewest mistakes."""
    places = sorted({*sparser, *denser})
    middles = [(low + high) / 2 for low, high in pairwise(places)] or [places[0]]
    mistakes = [
        sum(each >= middle for each in sparser) + sum(each < middle for each in denser) for middle in middles
    ]
    return float(middles[int(np.argmin(mistakes))])


def fit(counted: Sequence[Counted]) -> Mapping[str, float]:
    """Return the coefficient of each term that there is; 0 is one too, and not the same as a term that no layer had."""
    rows = [terms_together(one.works) for one in counted]
    columns = list(dict.fromkeys(term for row in rows for term in row))
    matrix = np.array([[row.get(term, 0.0) for term in columns] for row in rows])
    target = np.array([one.count for one in counted])
    weight = 1 / np.maximum(target, LEAST_COUNT)
    matrix, target = matrix * weight[:, None], target * weight
    sizes = np.maximum(np.abs(matrix).max(axis=0), 1e-12)
    padded = np.vstack([matrix / sizes, RIDGE * np.eye(len(columns))])
    found = non_negative(padded, np.concatenate([target, np.zeros(len(columns))])) / sizes
    there = np.abs(matrix).max(axis=0) > 0
    return {term: float(value) for term, value, seen in zip(columns, found, there, strict=True) if seen}


def non_negative(matrix: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return x >= 0 of least |matrix x - target| (Lawson and Hanson 1974, chapter 23)."""
    count = matrix.shape[1]
    x, free = np.zeros(count), np.zeros(count, bool)
    for _ in range(10 * count):
        gradient = matrix.T @ (target - matrix @ x)
        if free.all() or gradient[~free].max() <= TOLERANCE:
            break
        free[int(np.argmax(np.where(free, -np.inf, gradient)))] = True
        while True:
            solved = np.zeros(count)
            solved[free] = np.linalg.lstsq(matrix[:, free], target, rcond=None)[0]
            bad = free & (solved <= 0)
            if not bad.any():
                break
            step = float(np.min(x[bad] / (x[bad] - solved[bad])))
            x = x + step * (solved - x)
            free &= x > TOLERANCE
            x[~free] = 0
        x = solved
    return x
