"""PackedModel: the seam between floats and everything that runs without PyTorch. A graph of integer operators."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tinygmp.errors import ConfigError
from tinygmp.graph.operators.base import Operator
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.operators.pool import GlobalAveragePool
from tinygmp.graph.reject import Reject
from tinygmp.graph.values import Value
from tinygmp.sparse.tensor import PackedTensor

C_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,47}")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,47}")  # of nodes, values and tensors: symbols of generated code
MOST_NODES = 1024


@dataclass(frozen=True)
class Node:
    """One call of an operator: the names of the values it reads and writes, in the operator's order."""

    name: str
    operator: Operator
    reads: tuple[str, ...]
    writes: tuple[str, ...]


@dataclass(frozen=True)
class State:
    """A value that is carried from step to step: zeros (zero point) at first, then what `written` was.

    `read` and `written` are values of one shape and meaning; the graph runs once a step.
    """

    read: str
    written: str


@dataclass(frozen=True)
class PackedModel:
    """A network as integers: values, nodes in order of execution, class names and where it came from.

    `name` must be a lower-case C identifier, since it prefixes every symbol of the generated code. `inputs` and
    `outputs` name values; `labels` name the channels of the first output and may be empty. `states` make it recurrent:
    a window of `steps` or an endless stream are two ways to run the same graph; `steps` is 1 without states.
    `provenance` holds at least data, synthetic ('yes' / 'no'), seed, recipe and commit; of sensors also rate_hz.
    `reject` lets a recurrent classifier answer 'none of these'.

    Raises ConfigError or RangeError, naming node and value, where anything does not fit.
    """

    name: str
    values: Mapping[str, Value]
    inputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    labels: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    steps: int = 1
    provenance: Mapping[str, str] = field(default_factory=dict)
    reject: Reject | None = None

    def __post_init__(self) -> None:
        if not C_IDENTIFIER.fullmatch(self.name):
            raise ConfigError(f"model name '{self.name}': use lower-case letters, digits and '_', at most 48")
        if self.steps < 1 or (self.steps > 1 and not self.states):
            raise ConfigError(
                f"model '{self.name}': steps {self.steps} must be at least 1, and 1 without a state"
            )
        check_names(self)
        check_order(self)
        for node in self.nodes:
            node.operator.check(node.name, self.read_by(node), self.written_by(node))
        check_states(self)
        check_labels(self)
        check_roundings(self)
        if self.reject is not None:
            units = self.values[self.judged_state].size
            self.reject.check(self.name, self.labels, self.output.size, units)

    def read_by(self, node: Node) -> tuple[Value, ...]:
        return tuple(self.values[name] for name in node.reads)

    def written_by(self, node: Node) -> tuple[Value, ...]:
        return tuple(self.values[name] for name in node.writes)

    def nodes_of(self, *operators: type) -> Iterator[Node]:
        """Yield the nodes whose operator is one of these."""
        return (node for node in self.nodes if isinstance(node.operator, operators))

    def node(self, name: str) -> Node:
        """Return the node of a name; raises ConfigError for an unknown one."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise ConfigError(
            f"model '{self.name}' has no layer '{name}'; it has {[n.name for n in self.nodes][:40]}"
        )

    def writer(self, value: str) -> Node | None:
        """Return the node that writes a value, None for inputs and states."""
        return next((node for node in self.nodes if value in node.writes), None)

    @cached_property
    def step_nodes(self) -> tuple[Node, ...]:
        """The nodes that the states of the next step depend on; the others run when an answer is asked for."""
        wanted = {state.written for state in self.states}
        found = []
        for node in reversed(self.nodes):
            if wanted & set(node.writes):
                found.append(node)
                wanted |= set(node.reads)
        return tuple(reversed(found))

    @cached_property
    def answer_nodes(self) -> tuple[Node, ...]:
        """The nodes that no state depends on: all of them without states."""
        steps = set(map(id, self.step_nodes))
        return tuple(node for node in self.nodes if id(node) not in steps)

    @property
    def judged_state(self) -> str:
        """The int8 state whose distance tells 'none of these'; raises ConfigError for a model that has none."""
        writer = self.writer(self.outputs[0])
        read = writer.reads[0] if writer else ""
        for state in self.states:
            if state.written == read and self.values[read].dtype == "int8":
                return state.read
        raise ConfigError(
            f"model '{self.name}': only a network of windows whose classes are told from a state of int8, as "
            "FastGRNN's is, can answer 'none of these'"
        )

    @property
    def recurrent(self) -> bool:
        return bool(self.states)

    @property
    def synthetic(self) -> bool:
        """True when any part of the training data was synthetic."""
        return self.provenance.get("synthetic", "no") == "yes"

    @property
    def rate_hz(self) -> float | None:
        """Samples a second of the recordings that it was trained on, None where nobody said."""
        found = re.fullmatch(r"\d{1,9}(\.\d{1,9})?", self.provenance.get("rate_hz", ""), re.ASCII)
        return float(found[0]) or None if found else None

    @property
    def rounding(self) -> str:
        """How sums of its layers become int8, one of ROUNDINGS, '' where none does."""
        return next((rounding for _, rounding in roundings(self)), "")

    @property
    def input(self) -> Value:
        """The first input."""
        return self.values[self.inputs[0]]

    @property
    def output(self) -> Value:
        """The first output: the logits of a classifier."""
        return self.values[self.outputs[0]]

    def tensors(self) -> tuple[PackedTensor, ...]:
        """Return every packed weight tensor, in the order of execution."""
        return tuple(tensor for node in self.nodes for tensor in node.operator.tensors())

    @property
    def nnz(self) -> int:
        return sum(tensor.nnz for tensor in self.tensors())

    @property
    def weight_count(self) -> int:
        return sum(tensor.size for tensor in self.tensors())


def check_names(model: PackedModel) -> None:
    """Raise ConfigError for a name that generated code cannot carry, or that two things share."""
    if not 1 <= len(model.nodes) <= MOST_NODES:
        raise ConfigError(
            f"model '{model.name}' has {len(model.nodes)} layers, the limits are 1 and {MOST_NODES}"
        )
    nodes = [node.name for node in model.nodes]
    tensors = [tensor.name for tensor in model.tensors()]
    for what, names in (("layer", nodes), ("value", list(model.values)), ("tensor", tensors)):
        for name in names:
            if not NAME.fullmatch(name):
                raise ConfigError(
                    f"{what} '{name[:60]}': use a letter, then letters, digits, '_' and '.', at most 48"
                )
        symbols = [name.replace(".", "_").lower() for name in names]
        if len(set(symbols)) < len(symbols):
            raise ConfigError(
                f"model '{model.name}': two of its {what}s share a name; names are {names[:40]}"
            )
    for name, value in model.values.items():
        if value.name != name:
            raise ConfigError(f"model '{model.name}': value '{value.name}' is filed as '{name}'")


def check_order(model: PackedModel) -> None:
    """Raise ConfigError where a node reads what is not yet there, or a value is written twice or never."""
    there = {*model.inputs, *(state.read for state in model.states)}
    if not model.inputs or not model.outputs:
        raise ConfigError(
            f"model '{model.name}' has no {'outputs' if model.inputs else 'inputs'}; it needs one"
        )
    if unknown := there - set(model.values):
        raise ConfigError(
            f"model '{model.name}': inputs or states {sorted(unknown)[:10]} are no values of it"
        )
    if len(there) < len(model.inputs) + len(model.states):
        raise ConfigError(f"model '{model.name}': an input or a state is named twice")
    for node in model.nodes:
        for name in node.reads:
            if name not in there or name not in model.values:
                raise ConfigError(f"layer '{node.name}' reads '{name}', which nothing before it writes")
        for name in node.writes:
            if name in there or name not in model.values:
                raise ConfigError(f"layer '{node.name}' writes '{name}', which is unknown or written already")
            there.add(name)
    for name in (*model.outputs, *(state.written for state in model.states)):
        if name not in there:
            raise ConfigError(f"model '{model.name}': nothing writes '{name}', which is an output or a state")
    if unused := set(model.values) - there:
        raise ConfigError(f"model '{model.name}': nothing writes the values {sorted(unused)[:10]}")


def check_states(model: PackedModel) -> None:
    for state in model.states:
        read, written = model.values[state.read], model.values[state.written]
        if read.shape != written.shape or not read.means_as(written):
            raise ConfigError(
                f"model '{model.name}': state '{state.read}' and what it becomes, '{state.written}', differ in shape, "
                "type, scale or zero point"
            )


def check_labels(model: PackedModel) -> None:
    if model.labels and len(model.labels) != model.output.size:
        raise ConfigError(
            f"model '{model.name}': '{model.output.name}' has {model.output.size} classes, "
            f"but there are {len(model.labels)} labels"
        )
    if model.labels and model.output.dtype not in ("int8", "int32"):
        raise ConfigError(f"model '{model.name}': logits '{model.output.name}' are {model.output.dtype}")


def roundings(model: PackedModel) -> Iterator[tuple[str, str]]:
    """Yield (layer, rounding) of every layer whose sums become int8."""
    for node in model.nodes:
        operator = node.operator
        if isinstance(operator, Linear) and model.values[node.writes[0]].dtype == "int8":
            yield node.name, operator.rounding
        if isinstance(operator, GlobalAveragePool) and operator.rescales:
            yield node.name, operator.rounding


def check_roundings(model: PackedModel) -> None:
    """Raise ConfigError where two layers round differently, which no runtime does within one file."""
    first: tuple[str, str] | None = None
    for layer, rounding in roundings(model):
        first = first or (layer, rounding)
        if rounding != first[1]:
            raise ConfigError(
                f"model '{model.name}': layer '{layer}' rounds as {rounding}, '{first[0]}' as {first[1]}; use one"
            )
