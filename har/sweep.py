"""Accuracy against bytes: the trained network pruned further in one shot, packed, and scored."""

from har.data import HarData
from har.packing import pack_har, packed_accuracy
from har.stages import Show
from har.training import Prepared
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.ledger import ledger
from tinygmp.prune.prune_graph import prune_globally
from tinygmp.report.record import SweepPoint

FURTHER = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6)  # share of the surviving weights that goes as well


def sparsity_sweep(
    graph: FloatGraph, prepared: Prepared, data: HarData, recipe: str, show: Show
) -> list[SweepPoint]:
    """Return packed accuracy and payload at rising sparsity, without retraining."""
    points = []
    size = graph.weight_count
    for done, share in enumerate(FURTHER):
        show(done, len(FURTHER), f"{100 * share:.0f} % fewer weights")
        sparsity = 1 - round(graph.nnz * (1 - share)) / size
        model = pack_har(prune_globally(graph, sparsity), prepared, data, recipe, 0)
        points.append(
            SweepPoint(
                1 - model.nnz / size, ledger(model).payload_bytes, packed_accuracy(model, prepared.test)
            )
        )
    show(len(FURTHER), len(FURTHER), "")
    return points
