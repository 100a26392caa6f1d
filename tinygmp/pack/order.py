"""Hidden units may stand in any order: take the one whose index streams are shortest."""

from collections.abc import Iterator

import numpy as np

from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.pack.compact import keep_units
from tinygmp.pack.storage import SMALLEST, Storage


def cheapest_order(weights: FastGrnnWeights, storage: Storage = SMALLEST) -> FastGrnnWeights:
    """Return the same network with its units in the order, of a few tried, that packs into fewest bytes."""
    candidates = [keep_units(weights, order) for order in orders(weights)]
    return min(candidates, key=lambda candidate: weight_bytes(candidate, storage))


def orders(weights: FastGrnnWeights) -> Iterator[np.ndarray]:
    """Yield the given order, then by outgoing weights, by incoming weights, and by their sum."""
    outgoing = (weights.u[0] != 0).sum(axis=0) + (weights.classifier != 0).sum(axis=0)
    incoming = (weights.u[-1] != 0).sum(axis=1) + (weights.w[-1] != 0).sum(axis=1)
    yield np.arange(weights.hidden_size)
    for key in (outgoing, incoming, outgoing + incoming):
        yield np.argsort(key, kind="stable")
        yield np.argsort(-key, kind="stable")


def weight_bytes(weights: FastGrnnWeights, storage: Storage) -> int:
    return sum(tensor.payload_bytes for tensor in storage.pack_matrices(weights).values())
