"""Run a recurrent float graph on calibration windows and note the ranges that its cell's integers must cover."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.window_classifier import cell_of

SMALLEST_RANGE = 1e-6  # of what is always 0


@dataclass(frozen=True)
class CellRanges:
    """Magnitudes to cover, over all windows and steps; a rank vector's is 0 when the map is full rank."""

    input: float
    state: float
    w_rank_vector: float
    u_rank_vector: float

    def with_headroom(self, share: float) -> "CellRanges":
        """Return them with the state's range times a share."""
        return replace(self, state=self.state * share)


@dataclass(frozen=True)
class CellOutput:
    """logits float32 [windows, classes], ranges seen on the way, mean pre-activation [hidden] without biases.

    values: of the nodes after the last step, by name, with the last state.
    """

    logits: np.ndarray
    ranges: CellRanges
    mean_pre: np.ndarray
    values: dict[str, np.ndarray]


class Magnitudes:
    """Collects values step by step and tells the magnitude that covers a share of them."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.seen: list[np.ndarray] = []

    def add(self, values: np.ndarray) -> None:
        magnitudes = np.abs(values)
        self.seen.append(
            magnitudes.max(initial=0, keepdims=True) if self.share == 100 else magnitudes.ravel()
        )

    def cover(self) -> float:
        together = np.concatenate([each.ravel() for each in self.seen])
        covered = together.max() if self.share == 100 else np.percentile(together, self.share)
        return max(float(covered), SMALLEST_RANGE)


def run_cell(graph: FloatGraph, inputs: Sequence[np.ndarray], share: float = 100.0) -> CellOutput:
    """Execute a graph of one FastGRNN cell on windows [windows, steps, channels], an array an input.

    share: the percentile of magnitudes that the ranges cover, 100 for the largest.
    """
    node = cell_of(graph)
    cell = node.operator
    assert isinstance(cell, FastGrnn)
    entered, states, w_vectors, u_vectors = (Magnitudes(share) for _ in range(4))
    pre_sum = np.zeros(cell.hidden_size)
    values: dict[str, np.ndarray] = {}
    for values in graph.steps(*inputs):
        x, state = (values[name] for name in node.reads)
        step = cell.step(x, state)
        pre_sum += step.pre.mean(axis=0)
        for seen, array in zip(
            (entered, states, w_vectors, u_vectors),
            (x, step.state, step.w_vector, step.u_vector),
            strict=True,
        ):
            seen.add(array)
    graph.execute(graph.answer_nodes, values)
    w_range = w_vectors.cover() if len(cell.w) == 2 else 0.0
    u_range = u_vectors.cover() if len(cell.u) == 2 else 0.0
    ranges = CellRanges(entered.cover(), states.cover(), w_range, u_range)
    logits = values[graph.outputs[0]].reshape(len(inputs[0]), -1)
    return CellOutput(logits, ranges, (pre_sum / inputs[0].shape[1]).astype(np.float32), dict(values))
