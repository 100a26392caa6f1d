"""The graph of a classifier of sensor windows: input, one FastGRNN cell, one matrix."""

from collections.abc import Mapping
from dataclasses import dataclass

from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import Node, PackedModel, State
from tinygmp.graph.operators.fastgrnn import FastGrnn
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.values import Value
from tinygmp.sparse.tensor import PackedTensor

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
    """A model of sensor windows with its three operators at hand; the scales are those that `window_chain` takes."""

    model: PackedModel
    input: SensorInput
    cell: FastGrnn
    classifier: FullyConnected
    input_scale: float
    state_scale: float
    logit_scale: float

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
        """The name of the int16 state that a step reads."""
        return self.model.nodes[1].reads[1]

    def tensors(self) -> tuple[PackedTensor, ...]:
        return self.model.tensors()


def is_window_chain(model: PackedModel) -> bool:
    """Return whether a model is input, one FastGRNN cell and one matrix of int32 sums, each fed by the one before."""
    if [type(node.operator) for node in model.nodes] != [SensorInput, FastGrnn, FullyConnected]:
        return False
    sensor, cell, classifier = model.nodes
    states = tuple(State(read, written) for read, written in zip(cell.reads[1:], cell.writes, strict=True))
    return (
        sensor.reads == model.inputs
        and cell.reads[0] == sensor.writes[0]
        and model.states == states
        and classifier.reads == cell.writes[-1:]
        and classifier.writes == model.outputs
        and model.output.dtype == "int32"
        and len(model.labels) > 0
    )


def chain_of(model: PackedModel) -> WindowChain:
    """Return the chain that a model is; raises UnsupportedError for any other graph."""
    if not is_window_chain(model):
        raise UnsupportedError(
            f"model '{model.name}' is no chain of sensor input, one FastGRNN cell and one matrix, which this needs; "
            f"its layers are {[type(node.operator).__name__ for node in model.nodes][:12]}"
        )
    sensor, cell, classifier = (node.operator for node in model.nodes)
    scales = (
        model.values[name].scale
        for name in (model.nodes[0].writes[0], *model.nodes[1].writes[:1], *model.outputs)
    )
    return WindowChain(model, sensor, cell, classifier, *scales)  # type: ignore[arg-type]
