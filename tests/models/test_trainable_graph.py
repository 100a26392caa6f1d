"""Graphs of files train in torch, and come back with the weights that were trained."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.floats.chains import Chain, random_cell_graph
from tinygmp.errors import UnsupportedError
from tinygmp.models.trainable_graph import TrainableGraph
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.schedule import OneShotSchedule
from tinygmp.prune.selection import prunable_parameters
from tinygmp.readers.torch_export import exported


def series() -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv1d(3, 5, 3), nn.ReLU(), nn.AvgPool1d(2), nn.Conv1d(5, 4, 3), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 2))


def test_a_module_computes_what_its_graph_computes():
    graph = exported(series(), [(3, 20)])
    x = np.random.default_rng(0).normal(size=(6, 20, 3)).astype(np.float32)
    found = TrainableGraph(graph)(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(found, graph.logits(x[:, None]), atol=1e-5)
    wanted = series()(torch.from_numpy(x).permute(0, 2, 1)).detach().numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_pixels_enter_normalised():
    rng = np.random.default_rng(0)
    chain = Chain(6).layer("conv", rng.normal(size=(4, 27)), rng.normal(size=4), kernel=3)
    graph = chain.layer("fc", rng.normal(size=(2, 4)), rng.normal(size=2)).graph()
    pixels = rng.integers(0, 256, (3, 6, 6, 3), dtype=np.uint8)
    reals = torch.from_numpy((pixels.astype(np.float32) - 127.5) / 127.5)
    found = TrainableGraph(graph)(reals).detach().numpy()
    np.testing.assert_allclose(found, graph.logits(pixels), rtol=1e-4, atol=1e-4)


def test_it_is_pruned_and_trained_like_any_module_and_folds_back():
    graph = exported(series(), [(3, 20)])
    network = TrainableGraph(graph)
    weights = prunable_parameters(network)
    assert list(weights) == [f"layers.{name}.weight" for name in ("conv0", "conv1", "fc")]
    assert {one.reason for one in weights.left_out.values()} == {"bias"}
    pruner, optimiser = Pruner(weights, OneShotSchedule(0.5)), torch.optim.SGD(network.parameters(), 0.1)
    pruner.begin_epoch(0)
    network(torch.ones(2, 20, 3)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    optimiser.step()
    pruner.step()
    folded = network.folded()
    stored = folded.nnz
    assert stored == pruner.mask.nnz
    x = np.random.default_rng(0).normal(size=(6, 20, 3)).astype(np.float32)
    np.testing.assert_allclose(
        folded.logits(x[:, None]), network(torch.from_numpy(x)).detach().numpy(), atol=1e-5
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    assert folded.nnz == stored  # a copy


def test_recurrent_graphs_are_refused():
    with pytest.raises(UnsupportedError, match="1 states; only graphs of one input and one output"):
        TrainableGraph(random_cell_graph(0))
