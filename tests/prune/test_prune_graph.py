"""Magnitude pruning of a float graph: one ranking over all matrices, worked by hand."""

import numpy as np
import pytest

from tests.floats.chains import random_cell_graph
from tinygmp.errors import ConfigError
from tinygmp.prune.prune_graph import prune_globally


def test_the_smallest_of_all_matrices_together_go():
    graph = random_cell_graph(0, hidden=2, inputs=1, classes=2, kept=1.0).with_weights(
        {
            "rnn.W": np.array([[1.0], [-6.0]], np.float32),
            "rnn.U": np.array([[2.0, -3.0], [7.0, 0.5]], np.float32),
            "classifier.weights": np.array([[4.0, -0.1], [5.0, 8.0]], np.float32),
        }
    )
    pruned = prune_globally(graph, 0.5).prunable()
    assert pruned["rnn.W"].tolist() == [[0], [-6]]
    assert pruned["rnn.U"].tolist() == [[0, 0], [7, 0]]
    assert pruned["classifier.weights"].tolist() == [[4, 0], [5, 8]]
    kept = prune_globally(graph, 0.5, minimum=1).prunable()
    assert kept["rnn.W"].tolist() == [[0], [-6]]
    assert prune_globally(graph, 0.0).nnz == graph.nnz
    with pytest.raises(ConfigError, match="sparsity"):
        prune_globally(graph, 1.0)
