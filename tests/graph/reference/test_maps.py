"""The reference of maps against plain loops in Python, and cases worked by hand."""

import math

import numpy as np
import pytest

from tinygmp.errors import DataError
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.limits import Limits
from tinygmp.graph.operators.pad import Pad
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.graph.operators.reshape import Reshape
from tinygmp.graph.operators.softmax import Softmax
from tinygmp.graph.operators.window import Window
from tinygmp.graph.random_graph import random_graph, random_inputs
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.reference.run import run, trace
from tinygmp.graph.values import Value
from tinygmp.quant.rounding_multiply import ROUNDINGS, float32_multiply


def model_of(operator, reads: list[Value], written: Value) -> PackedModel:
    values = {value.name: value for value in (*reads, written)}
    names = tuple(value.name for value in reads)
    node = Node("node", operator, names, (written.name,))
    return PackedModel("one", values=values, inputs=names, nodes=(node,), outputs=(written.name,))


def seen(window: Window, x: np.ndarray, row: int, column: int):
    """Yield kernel position and pixel of every tap inside the map."""
    for i in range(window.kernel[0]):
        for j in range(window.kernel[1]):
            y = row * window.stride[0] + i * window.dilation[0] - window.padding[0]
            z = column * window.stride[1] + j * window.dilation[1] - window.padding[2]
            if 0 <= y < x.shape[0] and 0 <= z < x.shape[1]:
                yield i, j, x[y, z].tolist()


@pytest.mark.parametrize("seed", range(20))
def test_convolutions_and_pools_of_random_graphs_equal_plain_loops(seed):
    model = random_graph(seed, layers=10, elements=400)
    values = trace(model, *random_inputs(model, 1, seed))
    for node in model.nodes_of(Conv2d, DepthwiseConv2d, MaxPool, AveragePool):
        read, written = model.values[node.reads[0]], model.values[node.writes[0]]
        x = values[read.name][0].reshape(read.map_shape)
        obtained = values[written.name][0]
        row, column = written.map_shape[0] - 1, written.map_shape[1] // 2
        assert obtained[row, column].tolist() == by_loops(node.operator, read, written, x, row, column)


def by_loops(operator, read: Value, written: Value, x: np.ndarray, row: int, column: int) -> list[int]:
    taps = list(seen(operator.window, x, row, column))
    low, high = operator.limits.integers(written)
    results = []
    for channel in range(written.channels):
        if isinstance(operator, MaxPool):
            value = max(pixel[channel] for _, _, pixel in taps)
        elif isinstance(operator, AveragePool):
            total, count = sum(pixel[channel] for _, _, pixel in taps), len(taps)
            value = int(math.copysign((abs(total) + count // 2) // count, total))
        else:
            value = linear_by_loops(operator, read, written, taps, channel)
        results.append(max(low, min(high, value)))
    return results


def linear_by_loops(operator, read: Value, written: Value, taps, channel: int) -> int:
    weights = operator.weights.decode()[channel].tolist()
    total = int(operator.bias[channel])
    for i, j, pixel in taps:
        at = i * operator.window.kernel[1] + j
        if isinstance(operator, DepthwiseConv2d):
            total += weights[at] * (pixel[channel // operator.multiplier] - read.zero_point)
            continue
        for index, value in enumerate(pixel):
            total += weights[at * len(pixel) + index] * (value - read.zero_point)
    multipliers, shifts = operator.requantizers(read, written)
    if operator.rounding == "fp32":
        scaled = int(float32_multiply(np.array([total]), multipliers[channel], shifts[channel])[0])
    else:
        scaled = gemmlowp(total, int(multipliers[channel]), -int(shifts[channel]))
    return scaled + written.zero_point


def gemmlowp(total: int, multiplier: int, right: int) -> int:
    """Round twice in plain integers: a doubling high multiply, then a shift with halves away from zero."""
    product = total * multiplier
    high = (product + (1 << 30)) >> 31 if product >= 0 else -((-product + (1 << 30) - 1) >> 31)
    if right <= 0:
        return high
    magnitude = (abs(high) + (1 << (right - 1))) >> right
    return magnitude if high >= 0 else -magnitude


def test_an_addition_worked_by_hand():
    a, b = Value("a", (3,), "int8", 0.5, 10), Value("b", (3,), "int8", 0.25, -4)
    model = model_of(Add(Limits(-2.0, 30.0)), [a, b], Value("c", (3,), "int8", 0.5, 0))
    left, right = np.array([[12, 10, 127]], np.int8), np.array([[-3, -100, 127]], np.int8)
    # 1.0 + 0.25 = 1.25 -> 2.5 units -> 3 (half up); 0 - 24 -> clamped to -2 -> -4; 58.5 + 32.75 -> 30 -> 60
    assert run(model, left, right).logits.tolist() == [[3, -4, 60]]


def test_a_concatenation_along_rows_and_along_channels():
    a, b = Value("a", (1, 2, 2), "int8", 1.0), Value("b", (2, 2, 2), "int8", 1.0)
    model = model_of(Concatenate(-3), [a, b], Value("c", (3, 2, 2), "int8", 1.0))
    x, y = (
        np.arange(4, dtype=np.int8).reshape(1, 1, 2, 2),
        np.arange(4, 12, dtype=np.int8).reshape(1, 2, 2, 2),
    )
    assert run(model, x, y).logits.tolist() == [list(range(12))]
    model = model_of(
        Concatenate(-1), [a, Value("b", (1, 2, 1), "int8", 1.0)], Value("c", (1, 2, 3), "int8", 1.0)
    )
    assert run(model, x, y[:, :1, :, :1]).logits.tolist() == [[0, 1, 4, 2, 3, 6]]


def test_padding_holds_the_zero_point_and_a_reshape_the_order():
    read = Value("a", (1, 2, 1), "int8", 1.0, 7)
    model = model_of(Pad((1, 0, 0, 1)), [read], Value("b", (2, 3, 1), "int8", 1.0, 7))
    x = np.array([[[[1], [2]]]], np.int8)
    assert run(model, x).logits.tolist() == [[7, 7, 7, 1, 2, 7]]
    model = model_of(Reshape(), [read], Value("b", (2,), "int8", 1.0, 7))
    assert run(model, x).logits.tolist() == [[1, 2]]


def test_a_mean_rounds_halves_away_from_zero():
    model = model_of(GlobalAveragePool(), [Value("a", (1, 2, 2), "int8", 1.0)], Value("b", (2,), "int8", 1.0))
    assert run(model, np.array([[[[1, -1], [2, -2]]]], np.int8)).logits.tolist() == [[2, -2]]


def test_a_mean_takes_another_scale():
    """Of 10, 11: twice the scale away from zero point 3, 15 units; of 4, 5: 3 units. Halves differ by the rounding."""
    read, written = Value("a", (1, 2, 2), "int8", 0.5, 3), Value("b", (2,), "int8", 0.25, -1)
    x = np.array([[[[10, 4], [11, 5]]]], np.int8)
    for rounding in ROUNDINGS:
        assert run(model_of(GlobalAveragePool(rounding), [read], written), x).logits.tolist() == [[14, 2]]
    # 7.5 - 2 and -8 + 0.5 - 2, then 8.5 - 2 and -9 + 0.5 - 2: the sum to even, or the mean up.
    half = Value("b", (2,), "int8", 0.5, -2)
    for x, fp32, gemmlowp in (
        ([[10, -4], [11, -5]], [6, -10], [6, -9]),
        ([[11, -5], [12, -6]], [6, -10], [7, -10]),
    ):
        for rounding, expected in (("fp32", fp32), ("gemmlowp", gemmlowp)):
            model = model_of(GlobalAveragePool(rounding), [read], half)
            assert run(model, np.array([[x]], np.int8)).logits.tolist() == [expected]


@pytest.mark.parametrize("scale", [1 / 256, 0.125, 1.0, 8.0])
def test_softmax_is_within_one_unit_of_the_real_one(scale):
    read, written = Value("a", (6,), "int8", scale), Value("b", (6,), "int8", 1 / 256, -128)
    x = np.random.default_rng(0).integers(-128, 128, (500, 6)).astype(np.int8)
    real = np.exp((x - x.max(axis=1, keepdims=True).astype(float)) * scale)
    real = np.minimum(255, 256 * real / real.sum(axis=1, keepdims=True)) - 128
    assert np.abs(run(model_of(Softmax(), [read], written), x).logits - real).max() < 1.01


def test_softmax_of_equal_logits():
    model = model_of(Softmax(), [Value("a", (4,), "int8", 0.1)], Value("b", (4,), "int8", 1 / 256, -128))
    assert run(model, np.full((1, 4), -128, np.int8)).logits.tolist() == [[-64] * 4]


def test_a_batch_answers_as_its_members_do():
    model = random_image_model(3, 16, 4, ((6, 1),), 3)
    pixels = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3)).astype(np.uint8)
    together = run(model, pixels)
    assert np.array_equal(together.logits, np.concatenate([run(model, one[None]).logits for one in pixels]))
    assert np.array_equal(together.classes, together.logits.argmax(axis=1))


@pytest.mark.parametrize("pixels", [np.zeros((1, 16, 16, 3), np.int8), np.zeros((1, 16, 15, 3), np.uint8)])
def test_pixels_of_the_wrong_kind_are_refused(pixels):
    with pytest.raises(DataError, match=r"needs 'pixels' as uint8 \[batch, 16, 16, 3\]"):
        run(random_image_model(3, 16, 4, ((6, 1),), 3), pixels)
