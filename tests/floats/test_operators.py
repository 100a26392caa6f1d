"""Every float operator worked by hand or against plain loops, and refused where shapes do not fit."""

import numpy as np
import pytest

from tinygmp.errors import ConfigError
from tinygmp.floats.operators.add import Add
from tinygmp.floats.operators.average_pool import AveragePool
from tinygmp.floats.operators.base import Operator
from tinygmp.floats.operators.concatenate import Concatenate
from tinygmp.floats.operators.conv2d import Conv2d
from tinygmp.floats.operators.depthwise_conv2d import DepthwiseConv2d
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.global_average_pool import GlobalAveragePool
from tinygmp.floats.operators.max_pool import MaxPool
from tinygmp.floats.operators.pad import Pad
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.floats.operators.reshape import Reshape
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.floats.operators.softmax import Softmax
from tinygmp.graph.operators.limits import Limits
from tinygmp.graph.operators.window import Window

RNG = np.random.default_rng(0)
X = RNG.normal(0, 1, (2, 7, 6, 3)).astype(np.float32)
WINDOW = Window((3, 2), (2, 1), (1, 2), (1, 0, 2, 1))


def run(operator: Operator, *reads: np.ndarray) -> np.ndarray:
    """Return what the operator writes, its shape held against what it says."""
    (shape,) = operator.written("layer", tuple(x.shape[1:] for x in reads))
    (found,) = operator.run(*reads)
    assert found.shape[1:] == shape
    return found


def seen(x: np.ndarray, window: Window, row: int, column: int, border: float) -> np.ndarray:
    """What one output position sees: [kernel rows, kernel columns, channels], in a loop over taps."""
    top, _, left, _ = window.padding
    found = np.full((*window.kernel, x.shape[2]), border)
    for i in range(window.kernel[0]):
        for j in range(window.kernel[1]):
            r = row * window.stride[0] + i * window.dilation[0] - top
            c = column * window.stride[1] + j * window.dilation[1] - left
            if 0 <= r < x.shape[0] and 0 <= c < x.shape[1]:
                found[i, j] = x[r, c]
    return found


def by_loops(window: Window, border: float, reduce) -> np.ndarray:
    rows, columns = window.output(*X.shape[1:3])
    return np.array(
        [[[reduce(seen(x, window, r, c, border)) for c in range(columns)] for r in range(rows)] for x in X]
    )


def test_convolutions_against_loops():
    weights, bias = RNG.normal(0, 1, (4, 18)).astype(np.float32), RNG.normal(0, 1, 4).astype(np.float32)
    expected = by_loops(WINDOW, 0.0, lambda taps: weights @ taps.reshape(-1) + bias)
    np.testing.assert_allclose(run(Conv2d(weights, bias, window=WINDOW), X), expected, atol=1e-5)
    clamped = run(Conv2d(weights, bias, Limits(-0.5, 1.0), WINDOW), X)
    np.testing.assert_allclose(clamped, np.clip(expected, -0.5, 1.0), atol=1e-5)


def test_depthwise_with_a_multiplier_against_loops():
    weights, bias = RNG.normal(0, 1, (6, 6)).astype(np.float32), RNG.normal(0, 1, 6).astype(np.float32)

    def filters(taps: np.ndarray) -> list[float]:
        return [float(weights[k] @ taps[:, :, k // 2].reshape(-1) + bias[k]) for k in range(6)]

    found = run(DepthwiseConv2d(weights, bias, window=WINDOW, multiplier=2), X)
    np.testing.assert_allclose(found, by_loops(WINDOW, 0.0, filters), atol=1e-5)


def test_pools_leave_the_border_out():
    window = Window((3, 2), (2, 2), padding=(1, 1, 1, 0))
    found = run(MaxPool(window), X)
    np.testing.assert_array_equal(found, by_loops(window, -np.inf, lambda taps: taps.max(axis=(0, 1))))
    mean = by_loops(window, np.nan, lambda taps: np.nanmean(taps, axis=(0, 1)))
    np.testing.assert_allclose(run(AveragePool(window), X), mean, atol=1e-6)
    np.testing.assert_array_equal(run(MaxPool(limits=Limits(0, 0.5)), X), np.clip(X, 0, 0.5))
    np.testing.assert_allclose(run(GlobalAveragePool(), X)[:, 0, 0], X.mean(axis=(1, 2)), atol=1e-6)


def test_a_matrix_reads_rows_columns_channels():
    weights = np.zeros((1, 126), np.float32)
    weights[0, (2 * 6 + 5) * 3 + 1] = 2.0
    assert run(FullyConnected(weights, np.array([0.5], np.float32)), X)[:, 0] == pytest.approx(
        2 * X[:, 2, 5, 1] + 0.5
    )


def test_sums_joins_borders_and_shapes():
    assert np.array_equal(run(Add(Limits(0.0)), X, -2 * X), np.maximum(-X, 0))
    assert run(Concatenate(-1), X, X[..., :1]).shape == (2, 7, 6, 4)
    assert run(Concatenate(-3), X, X[:, :2]).shape == (2, 9, 6, 3)
    padded = run(Pad((1, 0, 0, 2)), X)
    assert np.array_equal(padded[:, 1:, :6], X)
    assert not padded[:, 0].any()
    assert np.array_equal(run(Reshape((126,)), X), X.reshape(2, -1))


def test_softmax_and_inputs():
    shares = run(Softmax(), np.array([[0.0, np.log(3.0)]], np.float32))
    assert shares[0].tolist() == pytest.approx([0.25, 0.75])
    pixels = np.array([[[[0], [255]]]], np.uint8)
    assert run(PixelInput(), pixels).ravel().tolist() == [-1.0, 1.0]
    assert run(PixelInput(1 / 255, 0.0), pixels).ravel().tolist() == pytest.approx([0.0, 1.0])
    scaling = SensorScaling(("a",), ("g",), (10.0,), np.array([1.0]), np.array([2.0]))
    assert run(scaling, np.array([[30]], np.int16)).tolist() == [[1.0]]
    with pytest.raises(ConfigError, match="must be positive"):
        SensorScaling(("a",), ("g",), (10.0,), np.array([1.0]), np.zeros(1))
    with pytest.raises(ConfigError, match="every field"):
        SensorScaling(("a", "b"), ("g",), (10.0,), np.array([1.0]), np.ones(1))


def test_a_cell_of_one_unit_worked_by_hand():
    """W x + U h = 2 * 0.5 + 1 * 0.25: z = sigmoid(1.25 + 0.5), c = tanh(1.25 - 1)."""
    one = np.ones((1, 1), np.float32)
    cell = FastGrnn((2 * one,), (one,), np.full(1, 0.5), np.full(1, -1.0), 0.8, 0.1)
    z, c = 1 / (1 + np.exp(-1.75)), np.tanh(0.25)
    (found,) = cell.run(np.full((1, 1), 0.5), np.full((1, 1), 0.25))
    assert found[0, 0] == pytest.approx(z * 0.25 + (0.8 * (1 - z) + 0.1) * c)
    assert list(cell.weights_by_name()) == ["W", "U"]
    assert cell.with_weights({"U": 3 * one}).u[0][0, 0] == 3
    with pytest.raises(ConfigError, match="'bias_gate' has size"):
        FastGrnn((one,), (one,), np.zeros(2), np.zeros(1), 0.8, 0.1)


@pytest.mark.parametrize(
    ("operator", "reads", "told"),
    [
        (Conv2d(np.ones((1, 4), np.float32), np.ones(1, np.float32)), ((2, 2, 3),), "4 weight columns for 3"),
        (MaxPool(Window((3, 3))), ((2, 5, 1),), "does not fit a map of 2 x 5"),
        (DepthwiseConv2d(np.ones((2, 1)), np.ones(2)), ((1, 1, 3),), "for 3 channels with multiplier 1"),
        (Add(), ((2,), (3,)), r"adds shapes \(2,\) and \(3,\)"),
        (Add(), ((2,),), "reads 1 values, expected 2"),
        (Concatenate(-1), ((2, 2, 1), (2, 3, 1)), "may differ along axis -1 only"),
        (Reshape((5,)), ((2, 2, 1),), "elements must be as many"),
        (Pad((-1, 0, 0, 0)), ((2, 2, 1),), "no side may be below 0"),
    ],
)
def test_shapes_that_do_not_fit_name_the_layer(operator, reads, told):
    with pytest.raises(ConfigError, match=rf"layer 'spot'.*{told}"):
        operator.written("spot", reads)
