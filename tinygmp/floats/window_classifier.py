"""The float graph of a classifier of sensor windows: one FastGRNN cell, one matrix, and sensor counts before them."""

from dataclasses import replace

from tinygmp.errors import ConfigError
from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.graph.model import State

CELL, CLASSIFIER, SENSOR = "rnn", "classifier", "sensor"


def window_classifier(cell: FastGrnn, classifier: FullyConnected, source: str = "FastGRNN") -> FloatGraph:
    """Return the graph of normalised windows [batch, steps, inputs]."""
    return FloatGraph(
        source,
        {"x": (cell.input_size,)},
        (
            FloatNode(CELL, cell, ("x", "state"), ("next_state",)),
            FloatNode(CLASSIFIER, classifier, ("next_state",), ("logits",)),
        ),
        ("logits",),
        (State("state", "next_state"),),
    )


def with_sensor(graph: FloatGraph, scaling: SensorScaling) -> FloatGraph:
    """Return the graph that takes counts in place of its one input of normalised values."""
    (name,) = graph.inputs
    if any(isinstance(node.operator, SensorScaling) for node in graph.nodes):
        raise ConfigError(f"'{graph.source}' takes sensor counts already")
    sensor = FloatNode(SENSOR, scaling, ("counts",), (name,))
    return replace(graph, inputs={"counts": graph.inputs[name]}, nodes=(sensor, *graph.nodes))


def cell_of(graph: FloatGraph) -> FloatNode:
    """Return the node of the one recurrent cell; raises ConfigError where there is none or several."""
    cells = list(graph.nodes_of(FastGrnn))
    if len(cells) != 1:
        raise ConfigError(f"'{graph.source}' has {len(cells)} FastGRNN cells, expected 1")
    return cells[0]


def hidden_size(graph: FloatGraph) -> int:
    """Return the units of the one recurrent cell."""
    cell = cell_of(graph).operator
    assert isinstance(cell, FastGrnn)
    return cell.hidden_size
