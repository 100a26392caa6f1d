"""Pack a recurrent graph of GRU and LSTM cells: ranges from one run over the windows."""

from collections.abc import Sequence

import numpy as np

from tinygmp.errors import DataError, UnsupportedError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.gated_cell import GatedCell, Lstm
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.gated_cell import HIDDEN_SCALE
from tinygmp.pack.assemble import assemble
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.meanings import Meaning
from tinygmp.pack.settings import PackSettings
from tinygmp.quant.requantize import INT16_MAX

PACKED = (SensorScaling, GatedCell, FullyConnected)


def has_gated_cells(graph: FloatGraph) -> bool:
    return any(True for _ in graph.nodes_of(GatedCell))


def pack_gated_cells(
    graph: FloatGraph, inputs: Sequence[np.ndarray], identity: PackIdentity, settings: PackSettings
) -> PackedModel:
    """Return the packed model of scaled counts or plain reals, cells, and matrices of their last states.

    inputs: [windows, steps, channels] each. Raises DataError without windows, UnsupportedError for other layers.
    """
    if not len(inputs[0]):
        raise DataError("calibration needs at least one window; give some hundred")
    if others := [node for node in graph.nodes if not isinstance(node.operator, PACKED)]:
        raise UnsupportedError(
            f"'{graph.source}', layer '{others[0].name}': {type(others[0].operator).__name__} beside GRU or LSTM cells "
            "is not supported; supported: sensor counts, cells, fully connected layers"
        )
    cells = list(graph.nodes_of(GatedCell))
    largest: dict[str, float] = {}
    values: dict[str, np.ndarray] = {}
    for values in graph.steps(*inputs):
        for name, array in values.items():
            largest[name] = max(largest.get(name, 0.0), float(np.abs(array).max(initial=0)))
    answers = {**values}
    graph.execute(graph.answer_nodes, answers)
    hidden = [node.writes[0] for node in graph.answer_nodes if node.writes[0] not in graph.outputs]
    largest |= {name: float(np.abs(answers[name]).max(initial=0)) for name in hidden}
    states = {state.written for state in graph.states}
    entering = {node.reads[0] for node in cells} - states
    meanings = {name: Meaning(max(largest[name], 1e-6) / INT16_MAX, 0) for name in (*entering, *hidden)}
    meanings |= {node.writes[0]: Meaning(HIDDEN_SCALE, 0) for node in cells}
    return assemble(
        graph,
        meanings,
        identity,
        settings,
        tensors=settings.storage.pack_all(matrices_of_answers(graph)),
        steps=inputs[0].shape[1],
        wide=frozenset({*entering, *hidden}),
        cell_ranges={node.name: largest[node.writes[1]] for node in cells if isinstance(node.operator, Lstm)},
    )


def matrices_of_answers(graph: FloatGraph) -> dict[str, np.ndarray]:
    names = {node.name for node in graph.nodes_of(FullyConnected)}
    return {name: matrix for name, matrix in graph.prunable().items() if name.rpartition(".")[0] in names}
