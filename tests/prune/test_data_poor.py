"""Pruning with few images: masks meet their share, least squares is the optimum, and a network recovers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tinygmp.errors import ConfigError, DataError
from tinygmp.models.mobilenet_v1_weights import FoldedLayer, MobileNetWeights, float_logits, input_real
from tinygmp.prune.data_poor import RANKINGS, curvature_saliencies, mask_of, prune_with_images
from tinygmp.prune.folded_torch import folded, torch_layers
from tinygmp.prune.least_squares import Fit, solve

SIZE, CLASSES = 32, 5


def network(seed: int = 0) -> MobileNetWeights:
    """A stem, two depthwise and pointwise pairs and a classifier of random weights."""
    rng = np.random.default_rng(seed)

    def layer(name, outputs, columns, kernel=1, stride=1, activation="relu6"):
        matrix = rng.normal(0, 1.5 / np.sqrt(columns), (outputs, columns)).astype(np.float32)
        bias = rng.normal(0.2, 0.2, outputs).astype(np.float32)
        return FoldedLayer(name, matrix, bias, kernel, stride, (int(kernel > 1),) * 4, activation)

    layers = (
        layer("conv0", 8, 27, 3, 2),
        layer("dw1", 8, 9, 3),
        layer("pw1", 24, 8),
        layer("dw2", 24, 9, 3, 2),
        layer("pw2", 32, 24),
        layer("fc", CLASSES, 32, activation="none"),
    )
    return MobileNetWeights(layers, SIZE, "random network")


def images(count: int, seed: int = 1) -> np.ndarray:
    """Smooth colour fields, so that pixels go together as in photographs."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 4, 4, 3)).astype(np.uint8)
    return np.repeat(np.repeat(coarse, SIZE // 4, axis=1), SIZE // 4, axis=2)


def zeros(weights: MobileNetWeights) -> float:
    size = sum(layer.weights.size for layer in weights.layers)
    return 1 - sum(np.count_nonzero(layer.weights) for layer in weights.layers) / size


@pytest.mark.parametrize("ranking", RANKINGS)
def test_every_ranking_meets_its_share(ranking):
    pruned = prune_with_images(network(), 0.6, images(16), ranking, fit=None)
    assert zeros(pruned) == pytest.approx(0.6, abs=0.005)
    for before, after in zip(network().layers, pruned.layers, strict=True):
        assert np.array_equal(after.weights, before.weights * (after.weights != 0))
        assert np.array_equal(after.bias, before.bias)


def test_layers_in_torch_compute_what_numpy_computes_and_come_back_unchanged():
    weights, pixels = network(), images(3)
    x = torch.from_numpy(input_real(pixels, weights)).permute(0, 3, 1, 2)
    layers = torch_layers(weights)
    for layer in layers:
        x = layer.activated(layer.sums(x))
    np.testing.assert_allclose(x.numpy(), float_logits(weights, pixels), atol=1e-4)
    for before, layer in zip(weights.layers, layers, strict=True):
        assert np.array_equal(folded(before, layer).weights, before.weights)


def test_fitted_survivors_are_closer_to_the_dense_network_on_other_images():
    weights, other = network(), images(40, seed=9)
    expected = float_logits(weights, other)

    def error(fit):
        pruned = prune_with_images(weights, 0.5, images(96), "curvature", fit)
        assert zeros(pruned) == pytest.approx(0.5, abs=0.005)
        return np.mean((float_logits(pruned, other) - expected) ** 2)

    assert error(Fit(0.01)) < 0.5 * error(None)


def test_least_squares_worked_by_hand():
    """y = 2 a + 3 b with b = a + noise-free copy: without b, its part goes to a."""
    layer = torch_layers(network())[2]
    layer = replace(layer, weight=torch.tensor([[2.0, 3.0]])[:, :, None, None], bias=torch.zeros(1))
    a = torch.tensor([1.0, 2.0, 3.0, -1.0]).double()
    inputs = torch.stack([a, a, torch.ones(4).double()], dim=1)
    targets = (5 * a + 0.5)[:, None]
    mask = torch.tensor([[True, False]])[:, :, None, None]
    weight, bias = solve(layer, mask, inputs.mT @ inputs, inputs.mT @ targets, ridge=1e-9)
    assert weight.flatten().tolist() == pytest.approx([5.0, 0.0], abs=1e-4)
    assert bias.item() == pytest.approx(0.5, abs=1e-4)
    strong, _ = solve(layer, mask, inputs.mT @ inputs, inputs.mT @ targets, ridge=1e6)
    assert strong.flatten().tolist() == pytest.approx([2.0, 0.0], abs=1e-3)


def test_weights_that_never_see_a_signal_have_no_saliency():
    weights = network()
    dead = replace(
        weights.layers[1], weights=np.zeros_like(weights.layers[1].weights), bias=-np.ones(8, np.float32)
    )
    weights = replace(weights, layers=(weights.layers[0], dead, *weights.layers[2:]))
    x = torch.from_numpy(input_real(images(16), weights)).permute(0, 3, 1, 2)
    saliency = curvature_saliencies(torch_layers(weights), x, seed=0)
    assert saliency["pw1"].abs().max() == 0
    assert saliency["pw2"].max() > 0
    assert torch.equal(saliency["pw2"], curvature_saliencies(torch_layers(weights), x, seed=0)["pw2"])


def test_a_uniform_mask_takes_the_same_share_of_every_layer():
    layers = torch_layers(network())
    for layer in layers:
        mask = mask_of(layers, 0.5, "uniform", torch.zeros(0))[layer.name]
        assert mask.float().mean().item() == pytest.approx(0.5, abs=0.02)


def test_bad_choices_are_told():
    with pytest.raises(DataError, match="15 images are too few"):
        prune_with_images(network(), 0.5, images(15))
    with pytest.raises(ConfigError, match="'size' is unknown"):
        prune_with_images(network(), 0.5, images(16), "size")
    with pytest.raises(ConfigError, match="share of zeros"):
        prune_with_images(network(), 1.5, images(16))
    with pytest.raises(ConfigError, match="ridge"):
        Fit(0)
