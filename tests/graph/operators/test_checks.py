"""Operators and models refuse what does not fit, by name, with the value, the limit and the remedy."""

from dataclasses import replace

import numpy as np
import pytest

from tinygmp.errors import ConfigError, RangeError
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.graph.operators.fastgrnn import row_magnitudes
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.limits import Limits, named_limits
from tinygmp.graph.operators.pad import Pad
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool
from tinygmp.graph.operators.softmax import Softmax
from tinygmp.graph.operators.window import Window, same_padding
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.random_model import random_model
from tinygmp.graph.values import Value
from tinygmp.sparse import encode

MAP = Value("map", (4, 5, 3), "int8", 0.5, 2)
CHANNELS = replace(MAP, name="channels", shape=(3,))


def test_a_bound_worked_by_hand():
    tensor = encode("t", np.array([[1, -2, 3], [0, 127, 0]], np.int8), 1.0, "dense")
    assert row_magnitudes(tensor).tolist() == [6 * 127, 127 * 127]


def test_an_overflow_is_refused_with_the_layer_and_the_bound():
    model = random_model(0)
    cell = replace(model.node("rnn").operator, w_shift=15, u_shift=15)
    nodes = tuple(replace(node, operator=cell) if node.name == "rnn" else node for node in model.nodes)
    with pytest.raises(RangeError, match=r"'rnn.pre'.*32-bit limit"):
        replace(model, nodes=nodes)


def test_a_sum_of_a_convolution_that_could_overflow_is_refused():
    model = random_image_model(0, 8, 4, ((6, 1),), 2)
    stem = model.node("stem")
    heavy = replace(stem.operator, bias=np.full(4, 2**31 - 1, np.int32))
    with pytest.raises(RangeError, match="layer 'stem': the accumulator can reach"):
        replace(model, nodes=tuple(replace(n, operator=heavy) if n is stem else n for n in model.nodes))


@pytest.mark.parametrize(
    ("operator", "reads", "written", "message"),
    [
        (Add(), (MAP,), MAP, "reads 1 values and writes 1, expected 2 and 1"),
        (Add(), (MAP, replace(MAP, shape=(4, 5, 4))), MAP, r"has shape \(4, 5, 4\), expected \(4, 5, 3\)"),
        (Add(), (MAP, replace(MAP, scale=1000.0)), MAP, "an input's scale is 2000 of its own"),
        (
            Concatenate(-1),
            (MAP, replace(MAP, scale=0.25)),
            replace(MAP, shape=(4, 5, 6)),
            "differ in type, scale",
        ),
        (Concatenate(-4), (MAP,), MAP, "axis -4"),
        (Pad((0, 0, -1, 0)), (MAP,), MAP, "no side may be below 0"),
        (AveragePool(Window((5, 1))), (MAP,), MAP, "its output has 0 x 5 positions"),
        (AveragePool(Window((2, 2), dilation=(2, 1))), (MAP,), MAP, "dilation"),
        (GlobalAveragePool(), (MAP,), replace(CHANNELS, scale=0.25), "differ in type, scale"),
        (
            GlobalAveragePool("down"),
            (MAP,),
            CHANNELS,
            "rounding 'down' is unknown; known: away, fp32, gemmlowp",
        ),
        (GlobalAveragePool("fp32"), (MAP,), replace(CHANNELS, scale=0.0), "needs scales above 0"),
        (GlobalAveragePool("gemmlowp"), (MAP,), replace(CHANNELS, scale=1e-4), "must lie between 0 and 256"),
        (Softmax(), (MAP,), MAP, "flatten it first"),
        (
            Softmax(),
            (Value("v", (4,), "int8", 1.0),),
            Value("w", (4,), "int8", 1.0),
            "expected 0.00390625 and -128",
        ),
    ],
)
def test_what_does_not_fit_is_named(operator, reads, written, message):
    with pytest.raises((ConfigError, RangeError), match=f"(layer|value).*{message}"):
        operator.check("here", reads, (written,))


def test_sums_have_one_scale():
    weights = encode("w", np.ones((2, 3), np.int8), 1.0, "dense")
    layer = FullyConnected(weights, np.array([1, 2], np.float32), np.zeros(2, np.int32))
    with pytest.raises(ConfigError, match="have one scale for all outputs"):
        layer.check("fc", (Value("x", (3,), "int8", 1.0),), (Value("y", (2,), "int32", 4.0),))


def test_clamps_become_integers_of_the_value_they_end_in():
    assert named_limits("relu6").integers(Value("v", (1,), "int8", 0.05, -128)) == (-128, -8)
    assert named_limits("relu").integers(Value("v", (1,), "int8", 0.05, 10)) == (10, 127)
    assert Limits(-0.5, 2.5).integers(Value("v", (1,), "int8", 0.25, 3)) == (1, 13)
    assert Limits(-0.5, 2.5).name == "clamp"
    with pytest.raises(ConfigError, match="activation 'gelu' is unknown; known: none, relu"):
        named_limits("gelu")


def test_tensorflows_same_padding_worked_by_hand():
    assert same_padding(5, 6, (3, 3), (2, 2)) == (1, 1, 0, 1)
    assert same_padding(1, 49, (1, 10), (1, 2)) == (0, 0, 4, 5)
    assert same_padding(7, 7, (3, 3), (1, 1), (2, 2)) == (2, 2, 2, 2)


def chain(reads: tuple[str, ...] = ("a",), writes: tuple[str, ...] = ("b",), **changes) -> PackedModel:
    values = {name: Value(name, (1, 1, 2), "int8", 0.5) for name in ("a", "b")}
    fields = {"inputs": ("a",), "outputs": ("b",)} | changes
    return PackedModel("m", values=values, nodes=(Node("n", Pad((0, 0, 0, 0)), reads, writes),), **fields)


def test_the_smallest_graph_is_accepted():
    assert chain().output.name == "b"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reads": ("b",)}, "reads 'b', which nothing before it writes"),
        ({"writes": ("a",)}, "writes 'a', which is unknown or written already"),
        ({"outputs": ("c",)}, "nothing writes 'c'"),
        ({"outputs": ()}, "has no outputs"),
        ({"inputs": ("a", "a")}, "named twice"),
        ({"labels": ("one",)}, "'b' has 2 classes, but there are 1 labels"),
        ({"steps": 3}, "steps 3 must be at least 1, and 1 without a state"),
    ],
)
def test_a_graph_that_hangs_together_badly_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        chain(**changes)
