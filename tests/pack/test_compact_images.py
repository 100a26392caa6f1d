"""Compaction of convolution chains is exact: the smaller network computes the same logits."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygmp.models.mobilenet_v1_weights import FoldedLayer, MobileNetWeights, float_logits
from tinygmp.pack.compact_images import compact_images
from tinygmp.pack.mobilenet_v1 import calibrate_images, pack_mobilenet

SIZE = 8
CHANNELS = (5, 6, 4)  # after the stem and the two pointwise layers
CLASSES = 3


def chain(seed: int, kept: float, padding: int) -> MobileNetWeights:
    """A stem, two depthwise and pointwise pairs and a classifier, with a share `kept` of the weights."""
    rng = np.random.default_rng(seed)

    def layer(name, outputs, columns, kernel=1, stride=1, activation="relu6"):
        matrix = (rng.normal(0, 1, (outputs, columns)) * (rng.random((outputs, columns)) < kept)).astype(
            np.float32
        )
        bias = rng.normal(0, 1, outputs).astype(np.float32)
        sides = (padding if kernel > 1 else 0,) * 4
        return FoldedLayer(name, matrix, bias, kernel, stride, sides, activation)

    stem, first, second = CHANNELS
    layers = (
        layer("conv0", stem, 27, 3, 2),
        layer("dw1", stem, 9, 3),
        layer("pw1", first, stem),
        layer("dw2", first, 9, 3, 2 if padding else 1),
        layer("pw2", second, first),
        layer("fc", CLASSES, second, activation="none"),
    )
    return MobileNetWeights(layers, 2 * SIZE, "random chain")


@given(
    seed=st.integers(0, 10_000),
    kept=st.sampled_from([0.0, 0.05, 0.1, 0.3, 1.0]),
    padding=st.sampled_from([0, 1]),
)
@settings(max_examples=60, deadline=None)
def test_logits_do_not_change(seed, kept, padding):
    weights = chain(seed, kept, padding)
    pixels = np.random.default_rng(seed).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    smaller = compact_images(weights)
    np.testing.assert_allclose(
        float_logits(smaller, pixels), float_logits(weights, pixels), rtol=1e-4, atol=1e-4
    )
    shapes = [layer.weights.shape for layer in smaller.layers]
    assert [layer.weights.shape for layer in compact_images(smaller).layers] == shapes
    assert all(
        np.count_nonzero(after.weights) <= np.count_nonzero(before.weights)
        for before, after in zip(weights.layers, smaller.layers, strict=True)
    )
    if kept == 1.0:
        assert shapes == [layer.weights.shape for layer in weights.layers]


def with_layer(network: MobileNetWeights, name: str, **changes) -> MobileNetWeights:
    layers = tuple(replace(layer, **changes) if layer.name == name else layer for layer in network.layers)
    return replace(network, layers=layers)


def layer_of(weights: MobileNetWeights, name: str) -> FoldedLayer:
    return next(layer for layer in weights.layers if layer.name == name)


def test_a_channel_that_nothing_reads_goes_with_its_whole_column_of_work():
    weights = chain(1, 1.0, 1)
    matrix = layer_of(weights, "pw2").weights.copy()
    matrix[:, 2] = 0
    smaller = compact_images(with_layer(weights, "pw2", weights=matrix))
    shapes = {layer.name: layer.weights.shape for layer in smaller.layers}
    assert shapes["pw1"] == (5, 5)
    assert shapes["dw2"] == (5, 9)
    assert shapes["pw2"] == (4, 5)


def test_a_channel_without_weights_becomes_a_bias_of_its_readers():
    weights = chain(2, 1.0, 1)
    kernels, bias = layer_of(weights, "dw2").weights.copy(), layer_of(weights, "dw2").bias.copy()
    kernels[3], bias[3] = 0, 2.5
    smaller = compact_images(with_layer(weights, "dw2", weights=kernels, bias=bias))
    before, after = layer_of(weights, "pw2"), layer_of(smaller, "pw2")
    assert after.weights.shape == (4, 5)
    np.testing.assert_allclose(after.bias, before.bias + 2.5 * before.weights[:, 3], rtol=1e-6)


def test_a_constant_under_zero_padding_stays_since_the_border_would_change():
    weights = chain(3, 1.0, 1)
    matrix, bias = layer_of(weights, "pw1").weights.copy(), layer_of(weights, "pw1").bias.copy()
    matrix[1], bias[1] = 0, 1.5
    positive = compact_images(with_layer(weights, "pw1", weights=matrix, bias=bias))
    assert layer_of(positive, "dw2").weights.shape == (6, 9)
    bias[1] = -1.5  # ReLU makes it 0, which padding does not change
    negative = compact_images(with_layer(weights, "pw1", weights=matrix, bias=bias))
    assert layer_of(negative, "dw2").weights.shape == (5, 9)


def test_the_packed_network_is_the_smaller_one():
    weights = chain(4, 1.0, 1)
    matrix = layer_of(weights, "pw2").weights.copy()
    matrix[:, :3] = 0
    pruned = with_layer(weights, "pw2", weights=matrix)
    pixels = np.random.default_rng(4).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    model = pack_mobilenet(
        pruned, calibrate_images(pruned, pixels), "tiny", ("a", "b", "c"), {"synthetic": "yes"}
    )
    assert [layer.outputs for layer in model.linear()] == [5, 5, 3, 3, 4, 3]
