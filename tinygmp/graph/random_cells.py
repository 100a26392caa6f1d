"""Random but valid chains of GRU and LSTM cells: for tests and proofs of parity."""

import numpy as np

from tinygmp.graph.model import Node, PackedModel, State
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.gated_cell import HIDDEN_SCALE, GatedCell, Gru, Lstm, largest_sum
from tinygmp.graph.operators.hidden_layer import HiddenLayer
from tinygmp.graph.operators.limits import NO_LIMITS, Limits, named_limits
from tinygmp.graph.random_weights import random_provenance, random_sensor, random_weights
from tinygmp.graph.values import Value
from tinygmp.quant.gate_table import half_tanh_table
from tinygmp.quant.requantize import fit_requantizer
from tinygmp.sparse import choose

STEPS = 12
KINDS: dict[str, type[GatedCell]] = {"gru": Gru, "lstm": Lstm}


def random_cells(
    seed: int, kinds: tuple[str, ...] | None = None, unit: int = 1, hidden: int | None = None
) -> PackedModel:
    """Return a chain of one to three cells whose sizes and scalars follow from the seed.

    kinds: 'gru' and 'lstm' in order, random ones where None; unit: what every number of channels and units is a
    multiple of; hidden: layers before the answer, a random number where None. Labelled as random in its provenance.
    """
    rng = np.random.default_rng([seed, 5])
    if kinds is None:
        kinds = tuple(rng.choice(list(KINDS), int(rng.integers(1, 4))).tolist())
    channels, classes = unit * int(rng.integers(1, 1 + 12 // unit)), int(rng.integers(2, 9))
    values = [Value("counts", (channels,), "int16"), Value("x", (channels,), "int16", 2.0**-12)]
    nodes = [Node("sensor", random_sensor(rng, channels), ("counts",), ("x",))]
    states: list[State] = []
    for place, kind in enumerate(kinds):
        cell = random_cell(
            rng, f"cell{place}", KINDS[kind], values[-1].size, unit * int(rng.integers(1, 1 + 24 // unit))
        )
        scales = [HIDDEN_SCALE, 2.0**-cell.cell_bits] if isinstance(cell, Lstm) else [HIDDEN_SCALE]
        before = [
            Value(f"{part}{place}", (cell.hidden_size,), "int16", scale)
            for part, scale in zip("hc", scales, strict=False)
        ]
        after = [Value(f"next_{each.name}", each.shape, "int16", each.scale) for each in before]
        reads = (nodes[-1].writes[0], *(each.name for each in before))
        nodes.append(Node(f"cell{place}", cell, reads, tuple(each.name for each in after)))
        states += [State(one.name, other.name) for one, other in zip(before, after, strict=True)]
        values += [*before, *reversed(after)]
    for place in range(int(rng.integers(0, 3)) if hidden is None else hidden):
        size = unit * int(rng.integers(1, 1 + 16 // unit))
        layer = random_layer(rng, f"dense{place}", values[-1].size, size)
        nodes.append(Node(f"dense{place}", layer, (nodes[-1].writes[0],), (f"dense{place}_out",)))
        values.append(Value(f"dense{place}_out", (size,), "int16", 2.0**-13))
    weights = choose("classifier.weights", random_weights(rng, classes, values[-1].size, 0.6), 1 / 64)
    classifier = FullyConnected(
        weights,
        np.full(classes, weights.scale, np.float32),
        rng.integers(-2000, 2000, classes).astype(np.int16),
    )
    nodes.append(Node("classifier", classifier, (nodes[-1].writes[0],), ("logits",)))
    values.append(Value("logits", (classes,), "int32", HIDDEN_SCALE / 64))
    return PackedModel(
        name=f"cells{seed}",
        values={value.name: value for value in values},
        inputs=("counts",),
        nodes=tuple(nodes),
        outputs=("logits",),
        labels=tuple(f"class{index}" for index in range(classes)),
        states=tuple(states),
        steps=STEPS,
        provenance=random_provenance(seed),
    )


def random_layer(rng: np.random.Generator, name: str, inputs: int, outputs: int) -> HiddenLayer:
    weights = choose(
        f"{name}.weights", random_weights(rng, outputs, inputs, float(rng.uniform(0.2, 1.0))), 1 / 64
    )
    bias = rng.integers(-(2**20), 2**20, outputs).astype(np.int32)
    limits = (NO_LIMITS, named_limits("relu"), Limits(0.0, 2.0))[int(rng.integers(0, 3))]
    layer = HiddenLayer(weights, bias, fit_requantizer(1.0, 1), limits)
    factor = float(rng.uniform(0.2, 4.0)) / np.sqrt(inputs) / 64
    return HiddenLayer(
        weights, bias, fit_requantizer(factor, int(layer.largest_sum() * rng.uniform(0.2, 1))), limits
    )


def random_cell(
    rng: np.random.Generator, name: str, kind: type[GatedCell], inputs: int, hidden: int
) -> GatedCell:
    kept = float(rng.uniform(0.2, 1.0))
    w, u = (
        choose(f"{name}.{letter}", random_weights(rng, kind.gates * hidden, columns, kept), 1 / 64)
        for letter, columns in (("W", inputs), ("U", hidden))
    )
    by = [
        fit_requantizer(
            float(rng.uniform(0.02, 0.4)) / np.sqrt(columns) / 64,
            max(1, int(largest_sum(tensor) * rng.uniform(0.2, 1))),
        )
        for tensor, columns in ((w, inputs), (u, hidden))
    ]
    bias = rng.integers(-6000, 6000, (hidden, 4)).astype(np.int16)
    cell = kind(w, u, by[0], by[1], bias, half_tanh_table())
    return (
        Lstm(w, u, by[0], by[1], bias, half_tanh_table(), int(rng.integers(8, 16))) if kind is Lstm else cell
    )
