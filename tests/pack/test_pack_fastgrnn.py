"""Packing loses little: the integer network follows the float network."""

from dataclasses import replace

import numpy as np
import pytest

from tinygmp.errors import ConfigError
from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.pack.calibrate import run_float
from tinygmp.pack.fastgrnn import PackIdentity, pack_fastgrnn
from tinygmp.pack.quantize import bias_int8, quantize_int8, update_gain
from tinygmp.pack.sensor import SensorScaling, fold_sensor, normalise_counts
from tinygmp.packed.reference import quantize_input, run

IDENTITY = PackIdentity("tiny", ("left", "right"), {"data": "random", "synthetic": "yes"})


def scaling() -> SensorScaling:
    return SensorScaling(
        channel_names=("ax", "ay", "gx"),
        units=("g", "g", "rad/s"),
        counts_per_unit=(8192.0, 8192.0, 3754.9),
        mean=np.array([0.8, -0.1, 0.0]),
        std=np.array([0.4, 0.3, 0.5]),
    )


def weights(ranks=(0, 0), hidden=20) -> FastGrnnWeights:
    rng = np.random.default_rng(4)

    def factors(columns, rank):
        shapes = [(rank, columns), (hidden, rank)] if rank else [(hidden, columns)]
        return tuple((rng.normal(0, 0.5, s) * (rng.random(s) < 0.5)).astype(np.float32) for s in shapes)

    return FastGrnnWeights(
        w=factors(3, ranks[0]),
        u=factors(hidden, ranks[1]),
        bias_gate=rng.normal(1, 0.3, hidden).astype(np.float32),
        bias_update=rng.normal(0, 0.3, hidden).astype(np.float32),
        zeta=0.9,
        nu=0.02,
        classifier=rng.normal(0, 0.5, (2, hidden)).astype(np.float32),
        classifier_bias=np.array([0.1, -0.1], np.float32),
    )


def counts(windows=60) -> np.ndarray:
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.normal(0, 600, (windows, 40, 3)), axis=1) + np.array([6500, -800, 0])
    return np.clip(walk, -32768, 32767).astype(np.int16)


@pytest.mark.parametrize("ranks", [(0, 0), (2, 6), (0, 6), (2, 0)])
def test_integer_logits_follow_the_float_logits(ranks):
    model = pack_fastgrnn(weights(ranks), scaling(), counts(), IDENTITY)
    fresh = counts(200)[100:]
    expected = run_float(weights(ranks), normalise_counts(scaling(), fresh)).logits
    obtained = run(model, fresh).logits * model.classifier.scale
    assert np.abs(obtained - expected).mean() < 0.05 * expected.std()
    assert (obtained.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.97


def test_packing_is_deterministic_and_drops_dead_units():
    dead = weights()
    dead.u[0][:, 7] = 0
    dead.classifier[:, 7] = 0
    first, second = (pack_fastgrnn(dead, scaling(), counts(), IDENTITY) for _ in range(2))
    assert first.cell.hidden_size == 19
    assert np.array_equal(run(first, counts()).logits, run(second, counts()).logits)


def test_int8_input_is_the_normalised_value():
    layer = fold_sensor(scaling(), 1 / 16)
    raw = counts()
    real = quantize_input(layer, raw) * layer.scale
    expected = np.clip(normalise_counts(scaling(), raw), -127 / 16, 127 / 16)
    assert np.abs(real - expected).max() <= 0.5 / 16 + 0.01


def test_scalars_worked_by_hand():
    assert bias_int8(np.array([1.0, -0.5]), 11)[1] == 5  # 2048 needs 127 << 5
    assert bias_int8(np.array([1.0, -0.5]), 11)[0].tolist() == [64, -32]
    # zeta 0.5 at 4096 units: 0.5 * 4096 / 1024 = 2 half units; times 2**6 lies in 128..255
    assert update_gain(0.5, 4096) == (128, 6)
    assert quantize_int8(np.array([0.5, -2.0]), 0.01).tolist() == [50, -127]


def test_wrong_calibration_and_scaling_are_refused():
    with pytest.raises(ConfigError, match="calibration counts"):
        pack_fastgrnn(weights(), scaling(), counts()[:, :, :2], IDENTITY)
    with pytest.raises(ConfigError, match="must be positive"):
        replace(scaling(), std=np.zeros(3))
    with pytest.raises(ConfigError, match="every field"):
        replace(scaling(), units=("g",))
