"""Quantisation-aware image networks: they compute what packing stores, zeros stay, training helps coarse ranges."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from tinygmp.errors import ConfigError
from tinygmp.floats.operators import linear as floats
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.reference.run import run
from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.models.torch_graph import torch_layers
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.meanings import Meaning
from tinygmp.pack.packer import calibrate, pack_with
from tinygmp.prune.prune_graph import prune_globally
from tinygmp.readers.torch_export import graph_of_module
from tinygmp.train.mobilenet_quantized import (
    QuantizedImageNetwork,
    rounded_activation,
    rounded_weights,
)

MEAN, STD, SIZE, CLASSES = (0.4, 0.5, 0.6), (0.2, 0.3, 0.25), 32, 5
IDENTITY = PackIdentity("tiny", tuple("abcde"), {})


@pytest.fixture(scope="module")
def pruned():
    torch.manual_seed(1)
    module = MobileNetV1(CLASSES, 0.125, stem_stride=2)
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(layer.bias, -0.3, 0.6)
    return prune_globally(graph_of_module(module.eval(), SIZE), 0.5)


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(2).integers(0, 256, (16, SIZE, SIZE, 3), dtype=np.uint8)


def normalised(pixels: np.ndarray) -> torch.Tensor:
    real = (pixels / 255 - np.array(MEAN)) / np.array(STD)
    return torch.from_numpy(real.astype(np.float32)).permute(0, 3, 1, 2).contiguous()


def network_of(pruned, pixels) -> QuantizedImageNetwork:
    return QuantizedImageNetwork(pruned, calibrate(pruned, pixels), MEAN, STD)


def test_its_logits_are_those_of_the_packed_network_within_two_steps(pruned, pixels):
    network = network_of(pruned, pixels)
    with torch.no_grad():
        logits = network(normalised(pixels)).numpy()
    packed = pack_with(network.finished(), network.calibration, IDENTITY)
    last = network.calibration[pruned.outputs[0]]
    integers = (run(packed, pixels).logits.astype(float) - last.zero_point) * last.scale
    assert np.abs(logits - integers).max() <= 2.01 * last.scale
    assert np.ptp(integers) > 20 * last.scale  # the range is in use


def test_packing_finds_its_levels_again(pruned, pixels):
    finished = network_of(pruned, pixels).finished()
    packed = pack_with(finished, calibrate(pruned, pixels), IDENTITY)
    stem = next(packed.nodes_of(Linear)).operator
    wanted = next(finished.nodes_of(floats.Linear)).operator.weights
    assert np.allclose(stem.weights.decode() * stem.weight_scales[:, None], wanted, atol=1e-6)


def test_training_keeps_every_zero_and_lowers_the_loss(pruned, pixels):
    network = network_of(pruned, pixels)
    images, labels = normalised(pixels), torch.arange(len(pixels)) % CLASSES
    optimiser = torch.optim.SGD(network.parameters(), 0.02)
    losses = []
    for _ in range(12):
        loss = functional.cross_entropy(network(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    before, after = pruned.prunable(), network.finished().prunable()
    for name, weights in before.items():
        assert not after[name][weights == 0].any()
    assert any((after[name] != weights).any() for name, weights in before.items())


def test_weights_are_rounded_by_channel_and_gradients_pass():
    weight = torch.tensor([[1.27, 0.004, -0.016], [0.0, 12.7, 0.06]], requires_grad=True)
    rounded = rounded_weights(weight, one_scale=False)
    assert torch.allclose(rounded, torch.tensor([[1.27, 0.0, -0.02], [0.0, 12.7, 0.1]]), atol=1e-6)
    rounded.sum().backward()
    assert torch.equal(weight.grad, torch.ones(2, 3))


def test_one_scale_for_the_whole_classifier():
    weight = torch.tensor([[1.27, 0.004], [0.0, 0.016]])
    expected = torch.tensor([[1.27, 0.0], [0.0, 0.02]])
    assert torch.allclose(rounded_weights(weight, one_scale=True), expected, atol=1e-6)


def test_activations_are_cut_and_gradients_with_them():
    x = torch.tensor([-1.0, 0.26, 300.0], requires_grad=True)
    out = rounded_activation(x, Meaning(1.0, -128))
    assert out.tolist() == [0.0, 0.0, 255.0]
    out.sum().backward()
    assert x.grad.tolist() == [0.0, 1.0, 0.0]


def test_a_layer_without_range_is_refused(pruned, pixels):
    ranges = calibrate(pruned, pixels[:2])
    layer = torch_layers(pruned)[3].node
    del ranges[layer.writes[0]]
    with pytest.raises(ConfigError, match=f"'{layer.name}' has no range"):
        QuantizedImageNetwork(replace(pruned), ranges, MEAN, STD)
