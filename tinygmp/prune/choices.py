"""What pruning by each objective would leave of a float graph, at as many zeros: a table to choose by."""

from dataclasses import dataclass

import numpy as np

from tinygmp.cost.goal import BYTES, FLOPS, TIME, Goal
from tinygmp.floats.graph import FloatGraph
from tinygmp.prune.graph_work import works_of_graph
from tinygmp.prune.objective import costs_of
from tinygmp.prune.prune_graph import prune_globally


@dataclass(frozen=True)
class Choice:
    """One way to prune, by magnitude alone where it is not the network's own.

    instructions: predicted, of the layers with weights, each stored as is quicker; None where no core was named.
    """

    objective: str
    nonzero: int
    multiply_adds: int
    instructions: int | None


def choices(dense: FloatGraph, pruned: FloatGraph, goal: Goal) -> tuple[Choice, ...]:
    """Return what the pruned network takes and what others of as many zeros would, the dense one first.

    Raises ConfigError for a network with a state.
    """
    sparsity = 1 - pruned.nnz / dense.nnz
    core = goal.objective.removeprefix(TIME) if goal.objective.startswith(TIME) else ""
    objectives = [BYTES, FLOPS, *([f"{TIME}{core}"] if core else [])]
    others = {name: prune_globally(dense, sparsity, goal=Goal(name)) for name in objectives}
    rows = {"dense": dense} | others | {f"this one, {goal.objective}": pruned}
    return tuple(choice(name, graph, core) for name, graph in rows.items())


def choice(name: str, graph: FloatGraph, core: str) -> Choice:
    works = works_of_graph(graph)
    kept = {matrix: int(np.count_nonzero(weights)) for matrix, weights in graph.prunable().items()}
    instructions = round(costs_of(f"{TIME}{core}", works).of(kept)) if core else None
    adds = sum(works[matrix].positions * count for matrix, count in kept.items())
    return Choice(name, graph.nnz, adds, instructions)
