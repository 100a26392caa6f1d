"""Graphs of one or two nodes for the tests of operators: weights that spread over int8, inputs over every range."""

from dataclasses import replace
from typing import Any

import numpy as np

from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.base import Operator
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.pad import Pad
from tinygmp.graph.random_model import random_model
from tinygmp.graph.random_weights import random_weights
from tinygmp.graph.values import Value
from tinygmp.sparse import encode

SCALE = float(np.float32(0.043))
INPUT_DEVIATION, WEIGHT_DEVIATION, OUTPUT_DEVIATION = 74, 73, 50  # of uniform int8; of outputs, wanted
CLAMP = Limits(-0.5, 2.5)  # that no runtime has a name for


def value(
    name: str, shape: tuple[int, ...], scale: float = SCALE, zero_point: int = 3, dtype: str = "int8"
) -> Value:
    return Value(name, shape, dtype, float(np.float32(scale)), zero_point)


def one_node(operator: Operator, reads: list[Value], written: Value) -> PackedModel:
    """Return the graph of one node; a value that is read twice is one input."""
    return graph(
        [Node("node", operator, tuple(each.name for each in reads), (written.name,))], reads, [written]
    )


def graph(
    nodes: list[Node], inputs: list[Value], written: list[Value], outputs: tuple[str, ...] = ()
) -> PackedModel:
    """Return a graph; its outputs are the last value unless they are given."""
    return PackedModel(
        "one",
        values={each.name: each for each in (*inputs, *written)},
        inputs=tuple(dict.fromkeys(each.name for each in inputs)),
        nodes=tuple(nodes),
        outputs=outputs or (written[-1].name,),
        provenance={"data": "random", "synthetic": "yes"},
    )


def linear_fields(
    outputs: int,
    columns: int,
    kept: float = 1.0,
    index_format: str = "dense",
    factor: float = 0.0,
    limits: Limits = NO_LIMITS,
    rounding: str = "fp32",
    one_scale: bool = False,
    name: str = "node.weights",
) -> dict[str, Any]:
    """Return the fields of a linear operator between two values of SCALE.

    factor: the largest from sums to outputs, for weights of -1, 0 and 1; by default what spreads outputs over int8.
    """
    rng = np.random.default_rng([outputs, columns])
    q = random_weights(rng, outputs, columns, kept)
    spread = INPUT_DEVIATION * WEIGHT_DEVIATION * np.sqrt(max(1.0, columns * kept))
    if factor:
        q, spread = np.sign(q), OUTPUT_DEVIATION / factor
    share = np.ones(outputs) if one_scale else rng.uniform(0.6, 1, outputs)
    share[0] = 1
    return {
        "weights": encode(name, q, 1.0, index_format),
        "weight_scales": (OUTPUT_DEVIATION / spread * share).astype(np.float32),
        "bias": rng.normal(0, 0.3 * spread, outputs).astype(np.int32),
        "limits": limits,
        "rounding": rounding,
    }


def cell_alone() -> PackedModel:
    """Return a FastGRNN cell whose states are inputs and outputs: a graph without states."""
    model = random_model(1, inputs=3, hidden=5)
    cell = model.node("rnn")
    values = {name: model.values[name] for name in (*cell.reads, *cell.writes)}
    return replace(
        model,
        values=values,
        inputs=cell.reads,
        nodes=(cell,),
        outputs=cell.writes,
        labels=(),
        states=(),
        steps=1,
    )


def cell_beside() -> PackedModel:
    """Return the chain of a FastGRNN cell with a second output."""
    model = random_model(1, inputs=3, hidden=5)
    bordered = value("bordered", (1, 1, 3), model.values["x"].scale, 0)
    return replace(
        model,
        values={**model.values, "bordered": bordered},
        nodes=(*model.nodes, Node("border", Pad((0, 0, 0, 0)), ("x",), ("bordered",))),
        outputs=("logits", "bordered"),
    )


def inputs_of_every_range(model: PackedModel) -> list[np.ndarray]:
    """Return seven arrays an input: its whole type, four ever narrower ranges about its zero, extremes, one number."""
    rng, arrays = np.random.default_rng(0), []
    for name in model.inputs:
        each = model.values[name]
        low, high = each.limits
        middle = 128 if each.dtype == "uint8" else each.zero_point
        made = []
        for fraction in (1, 4, 16, 64, 128):
            half = max(1, (high - low) // 2 // fraction)
            made.append(rng.integers(max(low, middle - half), min(high, middle + half) + 1, each.shape))
        made += [rng.choice([low, high], each.shape), np.full(each.shape, high)]
        made[0].flat[0], made[0].flat[-1] = low, high
        arrays.append(np.stack(made).astype(each.dtype))
    return arrays
