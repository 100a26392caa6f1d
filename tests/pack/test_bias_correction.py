"""Biases of packed networks: the mean error over the images vanishes, and answers come nearer the float ones."""

import numpy as np
import pytest

from tests.floats.chains import NONE, Chain
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.ledger import ledger
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.reference.convolution import linear_sums
from tinygmp.graph.reference.run import run
from tinygmp.pack.bias_correction import correct_biases
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import calibrate, pack, pack_with
from tinygmp.pack.settings import Calibration, PackSettings

IDENTITY = PackIdentity("net", ("a", "b", "c"), {})
SIZE = 8


def network(seed: int = 0) -> FloatGraph:
    """Return a stem, a depthwise layer with one large tap a channel, a 1x1 layer and a classifier."""
    chain = Chain(SIZE, seed)

    def random(outputs: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
        return chain.rng.normal(0, 0.3, (outputs, columns)), chain.rng.uniform(0.2, 1, outputs)

    kernels, bias = random(8, 9)
    kernels[:, 0] = 40  # all others round coarsely
    chain.layer("conv0", *random(8, 27), 3, 2, (0, 1, 0, 1)).layer("dw1", kernels, bias, 3, 1, (1, 1, 1, 1))
    return chain.layer("pw1", *random(16, 8)).layer("fc", *random(3, 16), limits=NONE).graph()


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (24, SIZE, SIZE, 3), dtype=np.uint8)


def plainly(graph: FloatGraph, pixels: np.ndarray):
    return pack(graph, pixels, IDENTITY, PackSettings(calibration=Calibration(bias_correction=False)))


def real_logits(model, images):
    return model.output.real(run(model, images).logits)


def linear_nodes(model):
    return list(model.nodes_of(Linear))


def test_means_over_the_images_are_the_float_network_s(pixels):
    """Worked on the first layer: integer sums in real units, averaged, are the float sums' mean within half a unit."""
    graph = network()
    plain = pack_with(graph, calibrate(graph, pixels), IDENTITY)
    model = correct_biases(graph, plain, [pixels])
    stem, before = linear_nodes(model)[0], linear_nodes(plain)[0]
    (read,) = model.read_by(stem)
    inputs = (pixels.astype(np.int16) - 128).astype(np.int8)
    found = linear_sums(stem.operator, read, inputs).mean(axis=(0, 1, 2))
    sums = graph.node("conv0").operator.sums(graph.trace(pixels)["input_out"])
    expected = sums.mean(axis=(0, 1, 2), dtype=np.float64)
    expected /= read.scale * stem.operator.weight_scales.astype(np.float64)
    assert np.abs(found - expected).max() <= 0.5 + 1e-3
    assert (stem.operator.bias != before.operator.bias).any()


def test_logits_come_nearer_on_images_that_were_not_used(pixels):
    others = np.random.default_rng(9).integers(0, 256, (24, SIZE, SIZE, 3), dtype=np.uint8)
    errors = []
    for seed in range(6):
        graph = network(seed)
        both = (plainly(graph, pixels), pack(graph, pixels, IDENTITY))
        expected = graph.logits(others)
        errors.append([np.mean((real_logits(one, others) - expected) ** 2) for one in both])
    before, after = np.mean(errors, axis=0)
    assert after < 0.7 * before, errors


def test_nothing_but_biases_changes(pixels):
    graph = network()
    plain, corrected = plainly(graph, pixels), pack(graph, pixels, IDENTITY)
    assert ledger(corrected).payload_bytes == ledger(plain).payload_bytes
    assert corrected.values == plain.values
    for one, other in zip(linear_nodes(plain), linear_nodes(corrected), strict=True):
        assert np.array_equal(one.operator.weights.decode(), other.operator.weights.decode())
        assert np.array_equal(one.operator.weight_scales, other.operator.weight_scales)
