"""Run a packed graph on inputs, all windows or images of a batch at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinygmp.errors import DataError
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.reference.execute import Execute
from tinygmp.graph.reference.registry import prepared
from tinygmp.graph.values import Value

Arrays = dict[str, np.ndarray]
ELEMENTS_AT_ONCE = 1 << 24  # of a batch's largest value, so that memory stays bounded


@dataclass(frozen=True)
class ReferenceOutput:
    """What a model answers to a batch.

    outputs: by name, [batch, *shape]; logits: the first output as int32 [batch, classes]; classes: int64 [batch], ties
    go to the lower class; answers: the same, NONE where the model rejects; states: by the name that is read, after the
    last step.
    """

    outputs: Mapping[str, np.ndarray]
    logits: np.ndarray
    classes: np.ndarray
    states: Mapping[str, np.ndarray]
    answers: np.ndarray


def run(model: PackedModel, *inputs: np.ndarray) -> ReferenceOutput:
    """Return the answers to one array an input: [batch, *shape], of a recurrent model [batch, steps, *shape].

    Raises DataError when an array has another type or shape.
    """
    check_inputs(model, inputs)
    executor = Executor(model)
    largest = max(value.size for value in model.values.values())
    at_once = max(1, ELEMENTS_AT_ONCE // largest)
    starts = range(0, max(len(inputs[0]), 1), at_once)
    parts = [executor.answer([each[start : start + at_once] for each in inputs]) for start in starts]
    outputs = {name: np.concatenate([part[0][name] for part in parts]) for name in model.outputs}
    states = {name: np.concatenate([part[1][name] for part in parts]) for name in parts[0][1]}
    logits = outputs[model.outputs[0]].reshape(len(inputs[0]), -1).astype(np.int32)
    classes = logits.argmax(axis=1)
    answers = model.reject.answers(states[model.judged_state], classes) if model.reject else classes
    return ReferenceOutput(outputs, logits, classes, states, answers)


def run_steps(model: PackedModel, *inputs: np.ndarray) -> Iterator[Arrays]:
    """Yield every value that a recurrent model's steps compute, by name, [batch, *shape], after each step."""
    check_inputs(model, inputs)
    executor = Executor(model)
    values = executor.first_states(len(inputs[0]))
    for step in range(inputs[0].shape[1]):
        values |= dict(zip(model.inputs, (each[:, step] for each in inputs), strict=True))
        executor.execute(model.step_nodes, values)
        executor.carry(values)
        yield dict(values)


def trace(model: PackedModel, *inputs: np.ndarray) -> Arrays:
    """Return every value of one run of a model without states, by name, [batch, *shape]."""
    check_inputs(model, inputs)
    values = dict(zip(model.inputs, inputs, strict=True))
    Executor(model).execute(model.nodes, values)
    return values


class Executor:
    """A model with its weights decoded once."""

    def __init__(self, model: PackedModel) -> None:
        self.model = model
        self.functions: dict[str, Execute] = {
            node.name: prepared(node.operator, model.read_by(node), model.written_by(node))
            for node in model.nodes
        }

    def answer(self, inputs: Sequence[np.ndarray]) -> tuple[Arrays, Arrays]:
        """Return outputs and last states of a batch."""
        model, values = self.model, self.first_states(len(inputs[0]))
        for step in range(inputs[0].shape[1] if model.recurrent else 0):
            values |= dict(zip(model.inputs, (each[:, step] for each in inputs), strict=True))
            self.execute(model.step_nodes, values)
            self.carry(values)
        if not model.recurrent:
            values |= dict(zip(model.inputs, inputs, strict=True))
        self.execute(model.answer_nodes, values)
        outputs = {name: values[name] for name in model.outputs}
        return outputs, {state.read: values[state.read] for state in model.states}

    def execute(self, nodes: Sequence[Node], values: Arrays) -> None:
        """Run nodes in order, their results joining the values."""
        for node in nodes:
            results = self.functions[node.name](*(values[name] for name in node.reads))
            values |= dict(zip(node.writes, results, strict=True))

    def first_states(self, batch: int) -> Arrays:
        """Return the states before the first step, under both of their names."""
        found: Arrays = {}
        for state in self.model.states:
            value = self.model.values[state.read]
            found[state.read] = np.full((batch, *value.shape), value.zero_point, value.dtype)
            found[state.written] = found[state.read]
        return found

    def carry(self, values: Arrays) -> None:
        values |= {state.read: values[state.written] for state in self.model.states}


def check_inputs(model: PackedModel, inputs: Sequence[np.ndarray]) -> None:
    if len(inputs) != len(model.inputs):
        raise DataError(f"model '{model.name}' takes {len(model.inputs)} inputs, got {len(inputs)}")
    for name, array in zip(model.inputs, inputs, strict=True):
        value = model.values[name]
        if array.dtype != np.dtype(value.dtype) or not fits(model, value, array.shape):
            batch = "[batch, steps, " if model.recurrent else "[batch, "
            raise DataError(
                f"model '{model.name}' needs '{name}' as {value.dtype} {batch}{', '.join(map(str, value.shape))}], "
                f"got {array.dtype} {array.shape}"
            )
    if len({array.shape[: 1 + model.recurrent] for array in inputs}) > 1:
        raise DataError(f"model '{model.name}': its inputs differ in their number of windows or steps")


def fits(model: PackedModel, value: Value, shape: tuple[int, ...]) -> bool:
    leading = 2 if model.recurrent else 1
    return len(shape) == leading + len(value.shape) and shape[leading:] == value.shape
