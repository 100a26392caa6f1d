"""Packing a cell loses little: the integer network follows the float network."""

from dataclasses import replace

import numpy as np
import pytest

from tests.floats.chains import random_cell_graph
from tinygmp.errors import DataError, UnsupportedError
from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.sensor_input import SensorScaling, normalise_counts
from tinygmp.floats.operators.softmax import Softmax
from tinygmp.floats.window_classifier import cell_of, with_sensor
from tinygmp.graph.operators.limits import Limits
from tinygmp.graph.reference.inputs import quantize_counts
from tinygmp.graph.reference.run import run
from tinygmp.pack.cell_scalars import bias_int8, update_gain
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.operators.sensor_input import fold_sensor
from tinygmp.pack.packer import pack
from tinygmp.quant.symmetric import quantize_int8

IDENTITY = PackIdentity("tiny", ("left", "right"), {"data": "random", "synthetic": "yes"})
SCALING = SensorScaling(
    channel_names=("ax", "ay", "gx"),
    units=("g", "g", "rad/s"),
    counts_per_unit=(8192.0, 8192.0, 3754.9),
    mean=np.array([0.8, -0.1, 0.0]),
    std=np.array([0.4, 0.3, 0.5]),
)


def graph(ranks: tuple[int, int] = (0, 0), hidden: int = 20) -> FloatGraph:
    made = random_cell_graph(4, ranks, hidden, classes=2, deviation=0.5, zeta=0.9, nu=0.02)
    return with_sensor(made, SCALING)


def counts(windows: int = 60) -> np.ndarray:
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.normal(0, 600, (windows, 40, 3)), axis=1) + np.array([6500, -800, 0])
    return np.clip(walk, -32768, 32767).astype(np.int16)


@pytest.mark.parametrize("ranks", [(0, 0), (2, 6), (0, 6), (2, 0)])
def test_integer_logits_follow_the_float_logits(ranks):
    model = pack(graph(ranks), counts(), IDENTITY)
    fresh = counts(200)[100:]
    expected = graph(ranks).logits(fresh)
    obtained = run(model, fresh).logits * model.output.scale
    assert np.abs(obtained - expected).mean() < 0.05 * expected.std()
    assert (obtained.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.97
    assert [node.name for node in model.nodes] == ["sensor", "rnn", "classifier"]
    assert [tensor.name for tensor in model.tensors()][-1] == "classifier.weights"
    assert list(model.values) == ["counts", "x", "state", "top", "next_state", "next_top", "logits"]


def test_packing_is_deterministic_and_drops_dead_units():
    dead = graph()
    u, classifier = (dead.prunable()[name].copy() for name in ("rnn.U", "classifier.weights"))
    u[:, 7] = 0
    classifier[:, 7] = 0
    dead = dead.with_weights({"rnn.U": u, "classifier.weights": classifier})
    first, second = (pack(dead, counts(), IDENTITY) for _ in range(2))
    assert first.node("rnn").operator.hidden_size == 19
    assert np.array_equal(run(first, counts()).logits, run(second, counts()).logits)


def test_int8_input_is_the_normalised_value():
    layer, raw = fold_sensor(SCALING, 1 / 16), counts()
    expected = np.clip(normalise_counts(SCALING, raw), -127 / 16, 127 / 16)
    assert np.abs(quantize_counts(layer, raw) / 16 - expected).max() <= 0.5 / 16 + 0.01


def test_scalars_worked_by_hand():
    assert bias_int8(np.array([1.0, -0.5]), 11)[1] == 5  # 2048 needs 127 << 5
    assert bias_int8(np.array([1.0, -0.5]), 11)[0].tolist() == [64, -32]
    # zeta 0.5 at 4096 units: 0.5 * 4096 / 1024 = 2 half units; times 2**6 lies in 128..255
    assert update_gain(0.5, 4096) == (128, 6)
    assert quantize_int8(np.array([0.5, -2.0]), 0.01).tolist() == [50, -127]


def test_a_cell_of_plain_reals_takes_int8():
    bare = random_cell_graph(4, hidden=20, classes=2, deviation=0.5, zeta=0.9, nu=0.02)
    x = normalise_counts(SCALING, counts())
    model = pack(bare, x, IDENTITY)
    assert (model.inputs, model.input.dtype) == (("x",), "int8")
    obtained = run(model, model.input.quantize(x)).logits * model.output.scale
    expected = bare.logits(x)
    assert np.abs(obtained - expected).mean() < 0.05 * expected.std()


def test_layers_after_the_classifier_are_int8():
    """A hidden layer and softmax behind the cell: the sums get a scale, since something reads them."""
    made = graph()
    rng = np.random.default_rng(0)
    hidden = FullyConnected(
        rng.normal(0, 0.3, (8, 20)).astype(np.float32), np.zeros(8, np.float32), Limits(0.0)
    )
    last = FullyConnected(rng.normal(0, 0.5, (2, 8)).astype(np.float32), np.zeros(2, np.float32))
    nodes = (
        *made.nodes[:2],
        FloatNode("hidden", hidden, ("next_state",), ("features",)),
        FloatNode("last", last, ("features",), ("logits",)),
        FloatNode("shares", Softmax(), ("logits",), ("shares_out",)),
    )
    deeper = replace(made, nodes=nodes, outputs=("logits", "shares_out"))
    model = pack(deeper, counts(), IDENTITY)
    found = run(model, counts())
    assert model.output.dtype == "int8"
    expected = deeper.run(counts())
    obtained = model.output.real(found.outputs["logits"])
    assert np.corrcoef(obtained.ravel(), expected["logits"].ravel())[0, 1] > 0.98
    shares = (found.outputs["shares_out"].astype(int) + 128) / 256
    assert np.abs(shares - expected["shares_out"]).max() < 0.1


def test_wrong_calibration_and_cells_in_the_middle_are_refused():
    with pytest.raises(DataError, match="'FastGRNN' takes"):
        pack(graph(), counts()[:, :, :2], IDENTITY)
    bare = random_cell_graph(4)
    matrix = FullyConnected(np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    before = FloatNode("before", matrix, ("raw",), ("x",))
    middle = replace(bare, inputs={"raw": (3,)}, nodes=(before, *bare.nodes))
    with pytest.raises(UnsupportedError, match="cell 'rnn' reads layer 'before'"):
        pack(middle, normalise_counts(SCALING, counts()), IDENTITY)
    assert cell_of(middle).name == "rnn"
