"""FastGRNN: the hand-written gradient is the true one, and the export computes the same."""

import numpy as np
import pytest
import torch

from tinygmp.errors import ConfigError
from tinygmp.models.fastgrnn import FastGrnnClassifier, float_graph, matrix_name
from tinygmp.models.fastgrnn_gradient import BLOCK_STEPS, FastGrnnWindow


def stepwise(x, w, u, bias_gate, bias_update, zeta, nu):
    """The published equations for several runs, one step at a time, left to autograd."""
    zeta, nu = zeta[:, None, None], nu[:, None, None]
    state = x.new_zeros(*x.shape[1:3], u.shape[1])
    for step in x:
        pre = step @ w.transpose(1, 2) + state @ u.transpose(1, 2)
        z, c = torch.sigmoid(pre + bias_gate[:, None]), torch.tanh(pre + bias_update[:, None])
        state = z * state + (zeta * (1 - z) + nu) * c
    return state


def arguments(dtype=torch.float64, steps=11, runs=1, batch=3, inputs=4, hidden=5):
    torch.manual_seed(0)
    shapes = [(runs, hidden, inputs), (runs, hidden, hidden), (runs, hidden), (runs, hidden)]
    weights = [torch.randn(shape, dtype=dtype) for shape in shapes]
    scalars = [torch.rand(runs, dtype=dtype), torch.rand(runs, dtype=dtype) / 10]
    return torch.randn(steps, runs, batch, inputs, dtype=dtype), [
        v.requires_grad_() for v in weights + scalars
    ]


@pytest.mark.parametrize("steps", [1, BLOCK_STEPS, BLOCK_STEPS + 3])
@pytest.mark.parametrize("runs", [1, 2])
def test_gradient_by_finite_differences(steps, runs):
    x, parameters = arguments(steps=steps, runs=runs, batch=2, inputs=2, hidden=3)
    assert torch.autograd.gradcheck(lambda *p: FastGrnnWindow.apply(x, *p), parameters)


@pytest.mark.parametrize("runs", [1, 3])
def test_forward_and_gradient_equal_plain_autograd(runs):
    x, parameters = arguments(steps=128, runs=runs)
    expected, obtained = stepwise(x, *parameters), FastGrnnWindow.apply(x, *parameters)
    torch.testing.assert_close(obtained, expected, atol=1e-12, rtol=0)
    direction = torch.randn_like(expected)
    for a, b in zip(
        torch.autograd.grad(obtained, parameters, direction),
        torch.autograd.grad(expected, parameters, direction),
        strict=True,
    ):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-10)


def test_single_precision_is_precise_enough_to_train():
    x, parameters = arguments(torch.float32, steps=128, hidden=16)
    expected, obtained = stepwise(x, *parameters), FastGrnnWindow.apply(x, *parameters)
    torch.testing.assert_close(obtained, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("ranks", [(0, 0), (2, 3)])
def test_low_rank_gradients_reach_every_parameter(ranks):
    torch.manual_seed(0)
    network = FastGrnnClassifier(4, 6, 3, *ranks).double()
    x = torch.randn(5, 9, 4, dtype=torch.float64)
    network(x).square().sum().backward()
    for name, parameter in network.named_parameters():
        shift = torch.zeros_like(parameter).flatten()
        shift[0] = 1e-6
        with torch.no_grad():
            parameter += shift.view_as(parameter)
            up = network(x).square().sum()
            parameter -= 2 * shift.view_as(parameter)
            down = network(x).square().sum()
            parameter += shift.view_as(parameter)
        assert float((up - down) / 2e-6) == pytest.approx(float(parameter.grad.flatten()[0]), rel=1e-5), name


@pytest.mark.parametrize("ranks", [(0, 0), (2, 3)])
def test_exported_weights_compute_the_same(ranks):
    network = FastGrnnClassifier(4, 6, 3, *ranks, generator=torch.Generator().manual_seed(1))
    x = np.random.default_rng(0).normal(0, 1, (5, 20, 4)).astype(np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(x)).numpy()
    graph = float_graph(network)
    np.testing.assert_allclose(graph.logits(x), expected, atol=1e-5)
    assert set(graph.prunable()) == {matrix_name(parameter) for parameter in network.prunable()}


def test_published_initialisation():
    network = FastGrnnClassifier(9, 80, 2, generator=torch.Generator().manual_seed(0))
    assert network.bias_gate.detach().unique().tolist() == [1.0]
    assert torch.sigmoid(network.nu).item() == pytest.approx(0.018, abs=1e-3)
    assert network.U.std().item() == pytest.approx(0.1, abs=0.005)
    assert sum(weight.numel() for weight in network.prunable().values()) == 80 * 9 + 80 * 80 + 2 * 80


def test_impossible_sizes_are_refused():
    with pytest.raises(ConfigError, match="hidden 0"):
        FastGrnnClassifier(9, 0, 2)
    with pytest.raises(ConfigError, match="classes 1"):
        FastGrnnClassifier(9, 8, 1)
