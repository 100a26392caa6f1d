"""Float graphs of random GRU and LSTM cells, alone and one behind another."""

from collections.abc import Sequence

import numpy as np

from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.gated_cell import GatedCell, Gru, Lstm
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.floats.window_classifier import with_sensor
from tinygmp.graph.model import PackedModel, State
from tinygmp.graph.operators.limits import Limits, named_limits
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack

KINDS: dict[str, type[GatedCell]] = {"gru": Gru, "lstm": Lstm}
LIMITS = (named_limits("relu"), Limits(0.0, 1.5), named_limits("none"))
COUNTS = 1000.0
CHAINS = {
    "gru": [("gru", 12)],
    "lstm": [("lstm", 9)],
    "deep": [("lstm", 8), ("gru", 6), ("lstm", 5)],
    "answered": [("gru", 10)],
}
HIDDEN = {"answered": (7, 6)}  # units of ReLU layers before the answer


def random_cells(
    chain: Sequence[tuple[str, int]],
    seed: int = 0,
    layers: Sequence[int] = (),
    inputs: int = 3,
    classes: int = 4,
) -> FloatGraph:
    """Return cells of so many units in a row and one matrix; 30 % of the weights are zero."""
    rng = np.random.default_rng(seed)

    def matrix(rows: int, columns: int) -> np.ndarray:
        kept = rng.random((rows, columns)) < 0.7
        return (rng.normal(0, 1.5 / np.sqrt(columns), (rows, columns)) * kept).astype(np.float32)

    nodes, states, entering, size = [], [], "x", inputs
    for place, (kind, hidden) in enumerate(chain):
        made = KINDS[kind]
        cell = made(
            matrix(made.gates * hidden, size), matrix(made.gates * hidden, hidden),
            rng.normal(0, 0.5, 4 * hidden).astype(np.float32),
        )  # fmt: skip
        names = tuple(f"{part}{place}" for part in "hc"[: cell.states])
        after = tuple(f"next_{name}" for name in names)
        nodes.append(FloatNode(f"cell{place}", cell, (entering, *names), after))
        states += [State(before, written) for before, written in zip(names, after, strict=True)]
        entering, size = after[0], hidden
    for place, units in enumerate(layers):
        layer = FullyConnected(
            matrix(units, size), rng.normal(0, 0.2, units).astype(np.float32), LIMITS[place % 3]
        )
        nodes.append(FloatNode(f"dense{place}", layer, (entering,), (f"dense{place}_out",)))
        entering, size = f"dense{place}_out", units
    last = FullyConnected(matrix(classes, size), rng.normal(0, 0.2, classes).astype(np.float32))
    nodes.append(FloatNode("classifier", last, (entering,), ("logits",)))
    return FloatGraph("cells", {"x": (inputs,)}, tuple(nodes), ("logits",), tuple(states))


def counted(graph: FloatGraph) -> FloatGraph:
    """Return the graph that takes counts, a thousand a unit."""
    channels = graph.inputs["x"][0]
    names = tuple(f"channel_{at}" for at in range(channels))
    ones = np.ones(channels)
    return with_sensor(graph, SensorScaling(names, ("g",) * channels, (COUNTS,) * channels, 0 * ones, ones))


def windows(count: int, steps: int = 16, inputs: int = 3, seed: int = 3) -> np.ndarray:
    """Return int16 counts [windows, steps, channels] that wander."""
    rng = np.random.default_rng(seed)
    return np.rint(
        COUNTS * np.clip(np.cumsum(rng.normal(0, 0.5, (count, steps, inputs)), axis=1), -4, 4)
    ).astype(np.int16)


def graph_of(name: str, seed: int = 0) -> FloatGraph:
    """Return one of CHAINS, of normalised windows."""
    return random_cells(CHAINS[name], seed, HIDDEN.get(name, ()))


def packed_cells(name: str, seed: int = 0) -> PackedModel:
    """Return one of CHAINS, packed."""
    provenance = {"data": "random", "synthetic": "yes", "seed": str(seed)}
    identity = PackIdentity(name, ("a", "b", "c", "d"), provenance)
    return pack(counted(graph_of(name, seed)), windows(80), identity)
