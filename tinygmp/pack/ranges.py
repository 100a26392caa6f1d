"""Smallest and largest values of a float graph on calibration inputs."""

from collections.abc import Sequence

import numpy as np

from tinygmp.errors import ConfigError, DataError
from tinygmp.floats.graph import FloatGraph

Range = tuple[float, float]


def value_ranges(graph: FloatGraph, inputs: Sequence[np.ndarray], share: float = 100.0) -> dict[str, Range]:
    """Return the smallest and largest of every value, by name, in one run over all inputs [batch, *shape].

    share: percentile of each sample's values inside the range, 100 for smallest and largest. Raises DataError without
    samples.
    """
    if not 90 <= share <= 100:
        raise ConfigError(f"percentile {share} is outside 90..100; 100 takes smallest and largest")
    if not len(inputs[0]):
        raise DataError("calibration needs at least one sample; give some hundred")
    found: dict[str, Range] = {}
    for at in range(len(inputs[0])):
        values = graph.trace(*(array[at : at + 1] for array in inputs))
        for name, array in values.items():
            low, high = covering(array, share)
            before = found.get(name, (low, high))
            found[name] = min(low, before[0]), max(high, before[1])
    return found


def covering(values: np.ndarray, share: float) -> Range:
    if share == 100:
        return float(values.min()), float(values.max())
    return float(np.percentile(values, 100 - share)), float(np.percentile(values, share))
