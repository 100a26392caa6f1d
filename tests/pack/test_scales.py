"""Scales of packed networks at the ends of what runtimes take."""

import numpy as np
import pytest

from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.add import Add
from tinygmp.floats.operators.conv2d import Conv2d
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.meanings import Meaning
from tinygmp.pack.packer import pack_with
from tinygmp.pack.settings import PackSettings
from tinygmp.quant.rounding_multiply import ROUNDINGS

WEIGHTS = np.array([[127.0, -64.0], [1.0, 2.0]], np.float32)
BEFORE = Meaning(0.5, -128)


def packed(after: Meaning, rounding: str, weights: np.ndarray = WEIGHTS):
    """Return the packed layer, what it writes, and its factors."""
    layer = Conv2d(weights, np.zeros(2, np.float32))
    graph = FloatGraph("layer", {"x": (1, 1, 2)}, (FloatNode("pw1", layer, ("x",), ("y",)),), ("y",))
    model = pack_with(
        graph, {"x": BEFORE, "y": after}, PackIdentity("net", (), {}), PackSettings(rounding=rounding)
    )
    (node,) = model.nodes
    return model.output, node.operator.factors(model.input, model.output)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(
    ("scale", "expected", "factor"),
    [
        (0.25, 0.25, 2.0),  # 0.5 * 1 / 0.25
        (0.5 / 255, 0.5 / 255, 255.0),
        (1e-3, 0.5 / 255, 255.0),  # the factor would be 500
        (1e-12, 0.5 / 255, 255.0),
    ],
)
def test_an_output_range_narrower_than_a_unit_of_the_sums_is_widened(rounding, scale, expected, factor):
    written, factors = packed(Meaning(float(np.float32(scale)), 17), rounding)
    assert written.scale == np.float32(expected)
    assert written.zero_point == 17
    assert factors[0] == pytest.approx(factor, rel=1e-6)
    assert factors[1] == pytest.approx(factor * 2 / 127, rel=1e-6)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_a_channel_of_tiny_weights_keeps_a_factor_that_xnnpack_takes(rounding):
    _, factors = packed(Meaning(4.0, 0), rounding, WEIGHTS * np.array([[1.0], [1e-20]], np.float32))
    assert factors[1] == pytest.approx(2.0**-31, rel=1e-6)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_both_ends_of_the_factors_in_one_layer(rounding):
    """The floor of the tiny channel is that of the range as widened."""
    written, factors = packed(Meaning(1.0, 0), rounding, WEIGHTS * np.array([[1e7], [1e-20]], np.float32))
    assert written.scale == pytest.approx(0.5 * 1e7 / 255)
    assert factors == pytest.approx([255.0, 2.0**-31], rel=1e-6)


def test_a_sum_of_values_that_cancel_out_has_a_range_that_takes_them():
    graph = FloatGraph("sum", {"a": (3,), "b": (3,)}, (FloatNode("add", Add(), ("a", "b"), ("y",)),), ("y",))
    meanings = {"a": Meaning(1.0, 0), "b": Meaning(0.5, 0), "y": Meaning(1e-3, 5)}
    model = pack_with(graph, meanings, PackIdentity("net", (), {}))
    assert model.output.scale == pytest.approx(1 / 255)
    assert model.output.zero_point == 5
