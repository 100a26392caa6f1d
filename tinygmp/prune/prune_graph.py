"""Global magnitude pruning of a float graph as it stands, without training."""

from tinygmp.floats.graph import FloatGraph
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.minimum import Minimum


def prune_globally(graph: FloatGraph, sparsity: float, minimum: Minimum = None) -> FloatGraph:
    """Return the graph with that share of all its weights, smallest magnitudes first, set to zero.

    minimum: what every matrix keeps at least. Raises ConfigError for a sparsity outside [0, 1).
    """
    matrices = graph.prunable()
    return graph.with_weights(global_magnitude_mask(matrices, sparsity, minimum).apply(matrices))
