"""FloatGraph: what readers and trained modules become, what pruning ranks, and what packing makes integers of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tinygmp.errors import ConfigError, DataError
from tinygmp.floats.operators.base import Operator
from tinygmp.graph.model import State
from tinygmp.graph.values import Shape

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class FloatNode:
    """One call of an operator: the names of the values it reads and writes, in the operator's order."""

    name: str
    operator: Operator
    reads: tuple[str, ...]
    writes: tuple[str, ...]


@dataclass(frozen=True)
class FloatGraph:
    """A network in float32: batch norm folded, activations fused, nodes in order of execution.

    inputs: shapes by name, without the batch; what they mean is the node that reads them: pixels, sensor counts, or
    any other for plain reals. states make it recurrent: a value that is read is 0 at first, then what was written in
    the step before. source: the file or module that it came from. Raises ConfigError where names, order or shapes
    do not fit.
    """

    source: str
    inputs: Mapping[str, Shape]
    nodes: tuple[FloatNode, ...]
    outputs: tuple[str, ...]
    states: tuple[State, ...] = ()

    def __post_init__(self) -> None:
        if not self.inputs or not self.nodes or not self.outputs:
            raise ConfigError(f"'{self.source}' needs an input, a layer and an output")
        for name in (*self.outputs, *(state.written for state in self.states)):
            if name not in self.shapes:
                raise ConfigError(f"'{self.source}': nothing writes '{name}', which is an output or a state")

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """Every value's shape by name."""
        found = dict(self.inputs)
        found |= {state.read: self.state_shape(state) for state in self.states}
        names: set[str] = set()
        for node in self.nodes:
            if missing := [name for name in node.reads if name not in found]:
                raise ConfigError(f"layer '{node.name}' reads '{missing[0]}', which nothing before it writes")
            if node.name in names or set(node.writes) & set(found):
                raise ConfigError(
                    f"layer '{node.name}' or what it writes, {node.writes}, has a name that is taken"
                )
            names.add(node.name)
            reads = tuple(found[name] for name in node.reads)
            found |= zip(node.writes, node.operator.written(node.name, reads), strict=True)
        return found

    def state_shape(self, state: State) -> Shape:
        """Return a state's shape, which the cell that writes it tells."""
        for node in self.nodes:
            if state.written in node.writes:
                hidden = getattr(node.operator, "hidden_size", None)
                if hidden is not None:
                    return (int(hidden),)
        raise ConfigError(f"'{self.source}': no recurrent cell writes the state '{state.written}'")

    @property
    def recurrent(self) -> bool:
        return bool(self.states)

    @property
    def output_shape(self) -> Shape:
        """The first output's: the logits of a classifier."""
        return self.shapes[self.outputs[0]]

    def node(self, name: str) -> FloatNode:
        """Return the node of a name; raises ConfigError for an unknown one."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise ConfigError(
            f"'{self.source}' has no layer '{name}'; it has {[n.name for n in self.nodes][:40]}"
        )

    def nodes_of(self, *operators: type) -> Iterator[FloatNode]:
        """Yield the nodes whose operator is one of these."""
        return (node for node in self.nodes if isinstance(node.operator, operators))

    def readers(self, value: str) -> list[FloatNode]:
        return [node for node in self.nodes if value in node.reads]

    def writer(self, value: str) -> FloatNode | None:
        return next((node for node in self.nodes if value in node.writes), None)

    def with_operators(self, operators: Mapping[str, Operator]) -> "FloatGraph":
        """Return the graph with other records of the nodes of these names."""
        changed = (replace(node, operator=operators.get(node.name, node.operator)) for node in self.nodes)
        return replace(self, nodes=tuple(changed))

    def prunable(self) -> dict[str, np.ndarray]:
        """Return every weight matrix by '<node>.<matrix>', in order of execution; biases are not prunable."""
        return {
            f"{node.name}.{name}": matrix
            for node in self.nodes
            for name, matrix in node.operator.weights_by_name().items()
        }

    def with_weights(self, matrices: Mapping[str, np.ndarray]) -> "FloatGraph":
        """Return the graph with other matrices of these names, see `prunable`; ConfigError for an unknown one."""
        if unknown := set(matrices) - set(known := self.prunable()):
            raise ConfigError(
                f"'{self.source}' has no matrix {sorted(unknown)[:9]}; it has {', '.join(known)}"
            )
        changed: dict[str, dict[str, np.ndarray]] = {}
        for name, matrix in matrices.items():
            node, _, part = name.rpartition(".")
            changed.setdefault(node, {})[part] = matrix
        return self.with_operators(
            {name: self.node(name).operator.with_weights(parts) for name, parts in changed.items()}
        )

    @property
    def nnz(self) -> int:
        return sum(int(np.count_nonzero(matrix)) for matrix in self.prunable().values())

    @property
    def weight_count(self) -> int:
        return sum(matrix.size for matrix in self.prunable().values())

    def run(self, *inputs: np.ndarray) -> Arrays:
        """Return the outputs by name, [batch, *shape], of one array an input: [batch, *shape] or, recurrent,
        [batch, steps, *shape]. Raises DataError for another shape.
        """
        if self.recurrent:
            *_, values = self.steps(*inputs)
            self.execute(self.answer_nodes, values)
        else:
            values = self.trace(*inputs)
        return {name: values[name] for name in self.outputs}

    def logits(self, *inputs: np.ndarray) -> np.ndarray:
        """Return the first output as float32 [batch, classes]."""
        return self.run(*inputs)[self.outputs[0]].reshape(len(inputs[0]), -1)

    def trace(self, *inputs: np.ndarray) -> Arrays:
        """Return every value by name, [batch, *shape], of a graph without states."""
        values = self.entered(inputs, 1)
        self.execute(self.nodes, values)
        return values

    def steps(self, *inputs: np.ndarray) -> Iterator[Arrays]:
        """Yield every value that the states hang on, by name, after each step; arrays are [batch, steps, *shape]."""
        whole = self.entered(inputs, 2)
        batch, steps = inputs[0].shape[:2]
        values: Arrays = {
            state.read: np.zeros((batch, *self.shapes[state.read]), np.float32) for state in self.states
        }
        for step in range(steps):
            values |= {name: array[:, step] for name, array in whole.items()}
            self.execute(self.step_nodes, values)
            yield values
            values |= {state.read: values[state.written] for state in self.states}

    def execute(self, nodes: tuple[FloatNode, ...], values: Arrays) -> None:
        """Run nodes in order, their results joining the values."""
        for node in nodes:
            values |= zip(node.writes, node.operator.run(*(values[name] for name in node.reads)), strict=True)

    def entered(self, inputs: tuple[np.ndarray, ...], leading: int) -> Arrays:
        wanted = [(*("batch", "steps")[:leading], *shape) for shape in self.inputs.values()]
        fit = len(inputs) == len(wanted) and all(
            array.shape[leading:] == shape for array, shape in zip(inputs, self.inputs.values(), strict=True)
        )
        if not fit:
            raise DataError(f"'{self.source}' takes {wanted}, got {[array.shape for array in inputs]}")
        return dict(zip(self.inputs, inputs, strict=True))

    @cached_property
    def step_nodes(self) -> tuple[FloatNode, ...]:
        """The nodes that the states of the next step depend on."""
        wanted = {state.written for state in self.states}
        found = []
        for node in reversed(self.nodes):
            if wanted & set(node.writes):
                found.append(node)
                wanted |= set(node.reads)
        return tuple(reversed(found))

    @cached_property
    def answer_nodes(self) -> tuple[FloatNode, ...]:
        """The nodes that no state depends on."""
        steps = {node.name for node in self.step_nodes}
        return tuple(node for node in self.nodes if node.name not in steps)
