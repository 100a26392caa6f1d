"""Global magnitude pruning of a float graph as it stands, without training."""

import numpy as np

from tinygmp.cost.goal import BYTES, PLAIN, Goal
from tinygmp.floats.graph import FloatGraph
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.graph_work import works_of_graph
from tinygmp.prune.minimum import Minimum
from tinygmp.prune.objective import costs_of, mask_for


def prune_globally(
    graph: FloatGraph, sparsity: float, minimum: Minimum = None, goal: Goal = PLAIN
) -> FloatGraph:
    """Return the graph with that share of all its weights, smallest magnitudes first, set to zero.

    minimum: what every matrix keeps at least. goal: what else than bytes the weights that stay shall cost little of;
    with a budget of it the sparsity says nothing. Raises ConfigError for a sparsity outside [0, 1).
    """
    matrices = graph.prunable()
    if goal.objective != BYTES:
        squares = {name: matrix.astype(np.float64) ** 2 for name, matrix in matrices.items()}
        costs = costs_of(goal.objective, works_of_graph(graph))
        return graph.with_weights(mask_for(goal, squares, costs, sparsity, minimum).apply(matrices))
    return graph.with_weights(global_magnitude_mask(matrices, sparsity, minimum).apply(matrices))
