"""The graph of a classifier of sensor windows: input, recurrent cells, one matrix."""

from collections.abc import Mapping
from dataclasses import dataclass

from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import Node, PackedModel, State
from tinygmp.graph.operators.fastgrnn import FastGrnn
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.gated_cell import GatedCell
from tinygmp.graph.operators.hidden_layer import HiddenLayer
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.values import Value
from tinygmp.sparse.tensor import PackedTensor

CELLS = (FastGrnn, GatedCell)
TOP_BYTE = 256  # units of the int16 state in one of its upper byte


def window_chain(
    name: str,
    sensor: SensorInput,
    cell: FastGrnn,
    classifier: FullyConnected,
    scales: tuple[float, float, float],
    labels: tuple[str, ...],
    steps: int,
    provenance: Mapping[str, str],
    node_names: tuple[str, str, str] = ("sensor", "rnn", "classifier"),
) -> PackedModel:
    """Return the model; scales: real value of one unit of the input, the int16 state and the int32 logits."""
    input_scale, state_scale, logit_scale = scales
    hidden = (cell.hidden_size,)
    tops = () if cell.wide else ("top", "next_top")
    reads, writes = ("state", *tops[:1]), ("next_state", *tops[1:])
    values = (
        Value("counts", (sensor.channels,), "int16"),
        Value("x", (sensor.channels,), "int16" if cell.wide else "int8", input_scale),
        Value("state", hidden, "int16", state_scale),
        *(Value(top, hidden, "int8", TOP_BYTE * state_scale) for top in tops[:1]),
        Value("next_state", hidden, "int16", state_scale),
        *(Value(top, hidden, "int8", TOP_BYTE * state_scale) for top in tops[1:]),
        Value("logits", (classifier.outputs,), "int32", logit_scale),
    )
    return PackedModel(
        name=name,
        values={value.name: value for value in values},
        inputs=("counts",),
        nodes=(
            Node(node_names[0], sensor, ("counts",), ("x",)),
            Node(node_names[1], cell, ("x", *reads), writes),
            Node(node_names[2], classifier, writes[-1:], ("logits",)),
        ),
        outputs=("logits",),
        labels=labels,
        states=tuple(State(read, written) for read, written in zip(reads, writes, strict=True)),
        steps=steps,
        provenance=provenance,
    )


@dataclass(frozen=True)
class WindowChain:
    """A model of sensor windows with its operators at hand: sensor input, cells, hidden layers, a matrix of int32 sums.

    input_scale, logit_scale: real value of one unit of what enters the first cell, and of the logits.
    """

    model: PackedModel
    input: SensorInput
    cells: tuple[Node, ...]
    hidden: tuple[Node, ...]
    classifier: FullyConnected
    input_scale: float
    logit_scale: float

    @property
    def cell(self) -> FastGrnn:
        """The only cell; raises UnsupportedError for others than one FastGRNN."""
        operators = [node.operator for node in self.cells]
        if len(operators) != 1 or not isinstance(operators[0], FastGrnn):
            raise UnsupportedError(
                f"model '{self.name}' has cells {[type(each).__name__ for each in operators]}; this needs one FastGRNN"
            )
        return operators[0]

    @property
    def wide(self) -> bool:
        """True where everything that matrices multiply has 16 bits."""
        return all(is_wide(node) for node in self.cells)

    @property
    def state_scale(self) -> float:
        """Real value of one unit of the first cell's state."""
        return self.model.values[self.state].scale

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def labels(self) -> tuple[str, ...]:
        return self.model.labels

    @property
    def steps(self) -> int:
        return self.model.steps

    @property
    def synthetic(self) -> bool:
        return self.model.synthetic

    @property
    def provenance(self) -> Mapping[str, str]:
        return self.model.provenance

    @property
    def nnz(self) -> int:
        return self.model.nnz

    @property
    def state(self) -> str:
        """The name of the first cell's state, as a step reads it."""
        return self.cells[0].reads[1]

    def tensors(self) -> tuple[PackedTensor, ...]:
        return self.model.tensors()


def is_wide(node: Node) -> bool:
    return not isinstance(node.operator, FastGrnn) or node.operator.wide


def is_window_chain(model: PackedModel) -> bool:
    """Return whether a model is input, cells, hidden layers and a matrix of int32 sums, each fed by the one before.

    Several cells all have 16 bits.
    """
    kinds = [node.operator for node in model.nodes]
    if len(kinds) < 3 or not isinstance(kinds[0], SensorInput) or not isinstance(kinds[-1], FullyConnected):
        return False
    sensor, cells, hidden, classifier = parts_of(model)
    wide = all(map(is_wide, cells))
    if not cells or len(cells) + len(hidden) + 2 != len(kinds) or (len(cells) + len(hidden) > 1 and not wide):
        return False
    states, entering = [], sensor.writes[0]
    for node in cells:
        if node.reads[0] != entering:
            return False
        states += [State(read, written) for read, written in zip(node.reads[1:], node.writes, strict=True)]
        entering = node.writes[0]
    for node in hidden:
        if node.reads != (entering,):
            return False
        entering = node.writes[0]
    return (
        sensor.reads == model.inputs
        and model.states == tuple(states)
        and classifier.reads == (entering if wide else cells[-1].writes[-1],)
        and classifier.writes == model.outputs
        and model.output.dtype == "int32"
        and len(model.labels) > 0
    )


def parts_of(model: PackedModel) -> tuple[Node, tuple[Node, ...], tuple[Node, ...], Node]:
    """Return the first node, the cells, the hidden layers, the last node."""
    inner = model.nodes[1:-1]
    cells = tuple(node for node in inner if isinstance(node.operator, CELLS))
    return (
        model.nodes[0],
        cells,
        tuple(node for node in inner if isinstance(node.operator, HiddenLayer)),
        model.nodes[-1],
    )


def chain_of(model: PackedModel) -> WindowChain:
    """Return the chain that a model is; raises UnsupportedError for any other graph."""
    if not is_window_chain(model):
        raise UnsupportedError(
            f"model '{model.name}' is no chain of sensor input, recurrent cells and one matrix, which this needs; "
            f"its layers are {[type(node.operator).__name__ for node in model.nodes][:12]}"
        )
    sensor, cells, hidden, classifier = parts_of(model)
    assert isinstance(sensor.operator, SensorInput)
    assert isinstance(classifier.operator, FullyConnected)
    input_scale, logit_scale = (model.values[name].scale for name in (*sensor.writes, *model.outputs))
    return WindowChain(model, sensor.operator, cells, hidden, classifier.operator, input_scale, logit_scale)
