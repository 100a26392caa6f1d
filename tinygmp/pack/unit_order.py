"""Hidden units may stand in any order: take the one whose index streams are shortest."""

from collections.abc import Iterator

import numpy as np

from tinygmp.errors import UnsupportedError
from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.window_classifier import cell_of
from tinygmp.pack.cell_units import with_units
from tinygmp.pack.storage import SMALLEST, Storage


def cheapest_order(graph: FloatGraph, storage: Storage = SMALLEST) -> FloatGraph:
    """Return the same network with its cell's units in the order, of a few tried, that packs into fewest bytes."""
    candidates = [in_order(graph, order) for order in orders(graph)]
    return min(candidates, key=lambda candidate: weight_bytes(candidate, storage))


def orders(graph: FloatGraph) -> Iterator[np.ndarray]:
    """Yield the given order, then by outgoing weights, by incoming weights, and by their sum."""
    cell = cell_of(graph).operator
    assert isinstance(cell, FastGrnn)
    outgoing = (cell.u[0] != 0).sum(axis=0)
    for reader in state_readers(graph).values():
        outgoing = outgoing + (reader.weights != 0).sum(axis=0)
    incoming = (cell.u[-1] != 0).sum(axis=1) + (cell.w[-1] != 0).sum(axis=1)
    yield np.arange(cell.hidden_size)
    for key in (outgoing, incoming, outgoing + incoming):
        yield np.argsort(key, kind="stable")
        yield np.argsort(-key, kind="stable")


def in_order(graph: FloatGraph, order: np.ndarray) -> FloatGraph:
    """Return the graph with its cell's units (indices) in this order; those that are left out go."""
    node = cell_of(graph)
    assert isinstance(node.operator, FastGrnn)
    readers = {
        name: layer.with_weights({"weights": np.ascontiguousarray(layer.weights[:, order])})
        for name, layer in state_readers(graph).items()
    }
    return graph.with_operators({node.name: with_units(node.operator, order), **readers})


def state_readers(graph: FloatGraph) -> dict[str, FullyConnected]:
    """Return the layers that read the cell's state, by node; UnsupportedError for any but fully connected ones."""
    found = {}
    for node in graph.readers(cell_of(graph).writes[0]):
        if not isinstance(node.operator, FullyConnected):
            raise unsupported(graph, node)
        found[node.name] = node.operator
    return found


def unsupported(graph: FloatGraph, node: FloatNode) -> UnsupportedError:
    return UnsupportedError(
        f"'{graph.source}': layer '{node.name}' ({type(node.operator).__name__}) reads a cell's state; only fully "
        "connected layers may"
    )


def weight_bytes(graph: FloatGraph, storage: Storage) -> int:
    return sum(tensor.payload_bytes for tensor in storage.pack_all(graph.prunable()).values())
