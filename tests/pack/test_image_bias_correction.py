"""Biases of packed image networks: the mean error over the images vanishes, and answers come nearer the float ones."""

from dataclasses import replace

import numpy as np
import pytest

from tinygmp.models.mobilenet_v1_weights import FoldedLayer, MobileNetWeights, float_logits
from tinygmp.pack.image_bias_correction import correct_image_biases
from tinygmp.pack.mobilenet_v1 import calibrate_images, pack_mobilenet, pack_with_images
from tinygmp.packed.image_reference import accumulate, run_images

LABELS = ("a", "b", "c")
SIZE = 8


def network(seed: int = 0) -> MobileNetWeights:
    """Return a stem, a depthwise layer with one large tap a channel, a 1x1 layer and a classifier."""
    rng = np.random.default_rng(seed)

    def layer(name, outputs, columns, **options):
        weights = rng.normal(0, 0.3, (outputs, columns)).astype(np.float32)
        return FoldedLayer(name, weights, rng.uniform(0.2, 1, outputs).astype(np.float32), **options)

    depthwise = layer("dw1", 8, 9, kernel=3, padding=(1, 1, 1, 1))
    depthwise.weights[:, 0] = 40  # all others round coarsely
    return MobileNetWeights(
        (
            layer("conv0", 8, 27, kernel=3, stride=2, padding=(0, 1, 0, 1)),
            depthwise,
            layer("pw1", 16, 8),
            layer("fc", 3, 16, activation="none"),
        ),
        SIZE,
        "test",
    )


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (24, SIZE, SIZE, 3), dtype=np.uint8)


def real_logits(model, images):
    return model.linear()[-1].output.real(run_images(model, images).logits)


def test_means_over_the_images_are_the_float_network_s(pixels):
    """Worked on the first layer: integer sums in real units, averaged, are the float sums' mean within half a unit."""
    weights = network()
    plain = pack_mobilenet(weights, calibrate_images(weights, pixels), "net", LABELS, {})
    model = correct_image_biases(weights, plain, pixels)
    stem, before = model.linear()[0], plain.linear()[0]
    inputs = [(image.astype(np.int16) - 128).astype(np.int8) for image in pixels]
    found = np.mean([accumulate(stem, stem.weights.decode(), x).mean(axis=(0, 1)) for x in inputs], axis=0)
    first = replace(weights, layers=(replace(weights.layers[0], activation="none"),))
    expected = stem_means(first, pixels) / (stem.input.scale * stem.weight_scales.astype(np.float64))
    assert np.abs(found - expected).max() <= 0.5 + 1e-3
    assert (stem.bias != before.bias).any()


def stem_means(weights, pixels):
    from tinygmp.models.mobilenet_v1_weights import float_sums, input_real

    sums = [float_sums(weights.layers[0], image) for image in input_real(pixels, weights)]
    return np.mean([one.mean(axis=(0, 1), dtype=np.float64) for one in sums], axis=0)


def test_logits_come_nearer_on_images_that_were_not_used(pixels):
    others = np.random.default_rng(9).integers(0, 256, (24, SIZE, SIZE, 3), dtype=np.uint8)
    errors = []
    for seed in range(6):
        weights = network(seed)
        plain = pack_mobilenet(weights, calibrate_images(weights, pixels), "net", LABELS, {})
        corrected = pack_with_images(weights, pixels, "net", LABELS, {})
        expected = float_logits(weights, others)
        errors.append([np.mean((real_logits(one, others) - expected) ** 2) for one in (plain, corrected)])
    before, after = np.mean(errors, axis=0)
    assert after < 0.7 * before, errors


def test_nothing_but_biases_changes(pixels):
    weights = network()
    plain = pack_mobilenet(weights, calibrate_images(weights, pixels), "net", LABELS, {})
    corrected = pack_with_images(weights, pixels, "net", LABELS, {})
    assert corrected.payload_bytes == plain.payload_bytes
    for one, other in zip(plain.linear(), corrected.linear(), strict=True):
        assert np.array_equal(one.weights.decode(), other.weights.decode())
        assert np.array_equal(one.weight_scales, other.weight_scales)
        assert (one.input, one.output) == (other.input, other.output)
