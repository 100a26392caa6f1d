"""Accuracy against bytes: the trained network pruned further in one shot, packed, and scored."""

from dataclasses import replace

import numpy as np

from har.data import HarData
from har.packing import pack_har, packed_accuracy
from har.stages import Show
from har.training import Prepared
from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.packed.sizes import ledger
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.report.record import SweepPoint

FURTHER = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6)  # share of the surviving weights that goes as well


def sparsity_sweep(
    weights: FastGrnnWeights, prepared: Prepared, data: HarData, recipe: str, show: Show
) -> list[SweepPoint]:
    """Return packed accuracy and payload at rising sparsity, without retraining."""
    points = []
    size = sum(matrix.size for matrix in weights.matrices().values())
    for done, share in enumerate(FURTHER):
        show(done, len(FURTHER), f"{100 * share:.0f} % fewer weights")
        sparsity = 1 - round(weights.nnz * (1 - share)) / size
        model = pack_har(pruned_to(weights, sparsity), prepared, data, recipe, 0)
        points.append(
            SweepPoint(
                1 - model.nnz / size, ledger(model).payload_bytes, packed_accuracy(model, prepared.test)
            )
        )
    show(len(FURTHER), len(FURTHER), "")
    return points


def pruned_to(weights: FastGrnnWeights, sparsity: float) -> FastGrnnWeights:
    """Return the network with only its largest weights, ranked over all matrices together."""
    matrices = weights.matrices()
    kept = global_magnitude_mask(matrices, sparsity).apply(matrices)

    def factors(letter: str) -> tuple[np.ndarray, ...]:
        return (kept[letter],) if letter in kept else (kept[f"{letter}2"], kept[f"{letter}1"])

    return replace(weights, w=factors("W"), u=factors("U"), classifier=kept["classifier"])
