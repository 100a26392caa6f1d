"""Constant channels are silenced: worked by hand, without a change of answers, so that packing can hold the weights."""

import numpy as np
import pytest
import torch
from torch import nn

from tinygmp.errors import DataError
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.reference.run import run
from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.prune.constant_channels import silence_constant_channels
from tinygmp.readers.torch_export import graph_of_module


def test_a_channel_worked_by_hand():
    network = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2, eps=0.0))
    convolution, norm = network
    with torch.no_grad():
        convolution.weight.copy_(torch.tensor([[3.0, 0.0], [0.0, 5.0]])[:, :, None, None])
        convolution.bias.copy_(torch.tensor([1.0, 2.0]))
        norm.running_mean.copy_(torch.tensor([4.0, 0.0]))
        norm.running_var.copy_(torch.tensor([4.0, 1.0]))
        norm.weight.fill_(2.0)
        norm.bias.fill_(0.5)
    images = torch.zeros(2, 2, 3, 3)
    images[:, 0] = (
        7  # the first channel is (3 * 7 + 1 - 4) * 2 / 2 + 0.5 = 18.5 everywhere, the second varies
    )
    images[0, 1] = 1
    network.train()
    assert silence_constant_channels(network, [images]) == 1
    assert network.training
    assert convolution.weight.flatten(1).tolist() == [[0, 0], [0, 5]]
    assert norm.bias.tolist() == [18.5, 0.5]
    assert norm.running_mean.tolist() == [1.0, 0.0]
    assert network.eval()(images)[:, 0].unique().tolist() == [18.5]
    assert silence_constant_channels(network, [images]) == 0  # a second time there is nothing to do
    with pytest.raises(DataError, match="no batch"):
        silence_constant_channels(network, [])


def dying() -> MobileNetV1:
    """Return a small network in which every second channel of the first two blocks has died in training."""
    torch.manual_seed(0)
    network = MobileNetV1(3, 0.25, stem_stride=1)
    with torch.no_grad():
        for block in list(network.blocks)[:2]:
            block.pointwise[1].bias[::2] = -30
    generator = torch.Generator().manual_seed(1)
    for _ in range(200):
        network(torch.rand(4, 3, 16, 16, generator=generator) * 2 - 1)
    return network.eval()


def test_a_network_with_dead_channels_packs_and_answers_as_before():
    network, rng = dying(), np.random.default_rng(2)
    pixels = rng.integers(0, 256, (12, 16, 16, 3), np.uint8)
    images = torch.from_numpy((pixels.transpose(0, 3, 1, 2).astype(np.float32) - 127.5) / 127.5)
    before, largest = network(images).detach(), largest_weight(network, 3)
    assert (
        silence_constant_channels(network, [images]) == 8 + 16
    )  # the depthwise filters that read dead channels
    torch.testing.assert_close(network(images).detach(), before, atol=1e-4, rtol=1e-4)
    assert largest_weight(network, 3) < largest / 10
    model = pack(graph_of_module(network, 16), pixels, PackIdentity("after", ("a", "b", "c"), {}))
    linear = list(model.nodes_of(Linear))
    assert linear[3].operator.outputs == 8  # and packing leaves the dead channels out
    packed = run(model, pixels).logits.astype(float)
    assert np.corrcoef(packed.ravel(), before.numpy().ravel())[0, 1] > 0.95


def largest_weight(network: nn.Module, layer: int) -> float:
    matrices = list(graph_of_module(network, 16).prunable().values())
    return float(np.abs(matrices[layer]).max())
