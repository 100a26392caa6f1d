"""Batch norm measured again: a case worked by hand, the whole chain, errors that change nothing."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tinygmp.errors import ConfigError, DataError
from tinygmp.prune.batch_norm import reestimate_batch_norm


def plane(*values: float) -> torch.Tensor:
    """Return images [batch, 1, 1, 2] of one channel."""
    return torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1, 2)


def identity_then_norm() -> nn.Sequential:
    network = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.BatchNorm2d(1, momentum=0.25), nn.Dropout(0.5))
    with torch.no_grad():
        network[0].weight.fill_(2.0)
    return network


def test_two_batches_worked_by_hand():
    # the convolution doubles: batch one is 2, 4, 6, 8 (mean 5, unbiased variance 20/3), batch two 0, 4 (2, 8)
    network = identity_then_norm().eval()
    assert reestimate_batch_norm(network, [plane(1, 2, 3, 4), plane(0, 2)]) == 2
    norm = network[1]
    assert norm.running_mean.item() == pytest.approx((5 + 2) / 2)
    assert norm.running_var.item() == pytest.approx((20 / 3 + 8) / 2)
    assert (norm.momentum, norm.training, network.training) == (0.25, False, False)


def test_what_was_before_does_not_count_and_modes_come_back():
    network = identity_then_norm()
    network[1].running_mean.fill_(1e6)
    network[0].eval()
    reestimate_batch_norm(network, [plane(1, 3)])
    assert network[1].running_mean.item() == 4
    assert [module.training for module in network] == [False, True, True]


def test_a_pruned_network_answers_as_with_the_statistics_of_its_batch():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 1), nn.BatchNorm2d(4)
    )
    images = torch.randn(64, 3, 6, 6)
    for _ in range(100):
        network(images)
    with torch.no_grad():
        network[0].weight[network[0].weight.abs() < 0.1] = 0
    wanted = copy.deepcopy(network).train()(images)
    before = (network.eval()(images) - wanted).abs().max()
    reestimate_batch_norm(network, [images])
    after = (network(images) - wanted).abs().max()
    assert before > 0.1
    assert after < 0.01  # the unbiased variance is 1/(64 * 16) above the batch's own


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(2, 6), min_size=1, max_size=5), st.integers(0, 1000))
def test_batches_count_alike_whatever_their_size(sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    batches = [torch.randn(size, 2, 2, 2, generator=generator) for size in sizes]
    network = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))
    reestimate_batch_norm(network, batches)
    outputs = [network[0](batch).detach() for batch in batches]
    mean = torch.stack([one.mean((0, 2, 3)) for one in outputs]).mean(0)
    variance = torch.stack([one.var((0, 2, 3)) for one in outputs]).mean(0)
    torch.testing.assert_close(network[1].running_mean, mean)
    torch.testing.assert_close(network[1].running_var, variance)


def test_errors_change_nothing():
    network = identity_then_norm()
    network[1].running_mean.fill_(7.0)
    with pytest.raises(DataError, match="no batch of images"):
        reestimate_batch_norm(network, [])
    with pytest.raises(RuntimeError):
        reestimate_batch_norm(network, [plane(1, 2), torch.zeros(1, 5, 1, 2)])
    norm = network[1]
    assert (norm.running_mean.item(), norm.momentum, norm.num_batches_tracked.item()) == (7.0, 0.25, 0)
    with pytest.raises(ConfigError, match="Conv2d has no batch norm"):
        reestimate_batch_norm(nn.Conv2d(1, 1, 1), [plane(1, 2)])
