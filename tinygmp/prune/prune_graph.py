"""Global magnitude pruning of a float graph as it stands, without training."""

from tinygmp.floats.graph import FloatGraph
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.minimum import Minimum
from tinygmp.prune.objective import costs_of, weighed


def prune_globally(
    graph: FloatGraph, sparsity: float, minimum: Minimum = None, objective: str = "bytes"
) -> FloatGraph:
    """Return the graph with that share of all its weights, smallest magnitudes first, set to zero.

    minimum: what every matrix keeps at least. objective: 'bytes' ranks magnitudes as they are, 'flops' magnitudes over
    the root of the positions at which a weight is used, so that early layers of large maps give more. Raises
    ConfigError for a sparsity outside [0, 1) or another objective.
    """
    matrices = graph.prunable()
    scores = weighed(matrices, costs_of(graph, objective))
    return graph.with_weights(global_magnitude_mask(scores, sparsity, minimum).apply(matrices))
