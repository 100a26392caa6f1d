"""Pruning with few images: masks meet their share, least squares is the optimum, and a network recovers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.floats.chains import NONE, Chain
from tinygmp.errors import ConfigError, DataError
from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.add import Add
from tinygmp.floats.operators.average_pool import AveragePool
from tinygmp.floats.operators.concatenate import Concatenate
from tinygmp.floats.operators.linear import Linear
from tinygmp.floats.operators.max_pool import MaxPool
from tinygmp.floats.operators.pad import Pad
from tinygmp.floats.operators.reshape import Reshape
from tinygmp.graph.operators.window import Window
from tinygmp.models.torch_graph import entered, logits_of, torch_layers
from tinygmp.prune.data_poor import RANKINGS, Seen, curvature_saliencies, mask_of, prune_with_images
from tinygmp.prune.least_squares import Fit, solve

SIZE, CLASSES = 32, 5


def network(seed: int = 0) -> FloatGraph:
    """A stem, two depthwise and pointwise pairs and a classifier of random weights."""
    chain = Chain(SIZE, seed)

    def layer(name: str, outputs: int, columns: int, kernel: int = 1, stride: int = 1, limits=None) -> None:
        matrix = chain.rng.normal(0, 1.5 / np.sqrt(columns), (outputs, columns))
        bias = chain.rng.normal(0.2, 0.2, outputs)
        more = {} if limits is None else {"limits": limits}
        chain.layer(name, matrix, bias, kernel, stride, (int(kernel > 1),) * 4, **more)

    layer("conv0", 8, 27, 3, 2)
    layer("dw1", 8, 9, 3)
    layer("pw1", 24, 8)
    layer("dw2", 24, 9, 3, 2)
    layer("pw2", 32, 24)
    layer("fc", CLASSES, 32, limits=NONE)
    return chain.graph()


def images(count: int, seed: int = 1) -> np.ndarray:
    """Smooth colour fields, so that pixels go together as in photographs."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 4, 4, 3)).astype(np.uint8)
    return np.repeat(np.repeat(coarse, SIZE // 4, axis=1), SIZE // 4, axis=2)


def layers_of(graph: FloatGraph) -> list[Linear]:
    return [node.operator for node in graph.nodes_of(Linear)]


def zeros(graph: FloatGraph) -> float:
    return 1 - graph.nnz / graph.weight_count


def branched() -> FloatGraph:
    """The network with a sum, a join, pools, a border and a flattening between its first layers and the second."""
    graph = network(3)
    ahead = (
        FloatNode("max", MaxPool(Window((3, 3), (1, 1), padding=(1, 1, 1, 1))), ("conv0_out",), ("max_out",)),
        FloatNode(
            "mean", AveragePool(Window((3, 3), (1, 1), padding=(1, 1, 1, 1))), ("conv0_out",), ("mean_out",)
        ),
        FloatNode("sum", Add(), ("max_out", "mean_out"), ("sum_out",)),
        FloatNode("border", Pad((0, 1, 1, 0)), ("sum_out",), ("border_out",)),
        FloatNode("join", Concatenate(-2), ("border_out", "border_out"), ("join_out",)),
        FloatNode("turned", Reshape((34, 17, 8)), ("join_out",), ("turned_out",)),
    )
    nodes = list(graph.nodes)
    nodes[2] = replace(nodes[2], reads=("turned_out",))
    return replace(graph, nodes=(*nodes[:2], *ahead, *nodes[2:]))


@pytest.mark.parametrize("ranking", RANKINGS)
def test_every_ranking_meets_its_share(ranking):
    pruned = prune_with_images(network(), 0.6, images(16), ranking, fit=None)
    assert zeros(pruned) == pytest.approx(0.6, abs=0.005)
    for before, after in zip(layers_of(network()), layers_of(pruned), strict=True):
        assert np.array_equal(after.weights, before.weights * (after.weights != 0))
        assert np.array_equal(after.bias, before.bias)


@pytest.mark.parametrize("make", [network, branched])
def test_layers_in_torch_compute_what_numpy_computes_and_come_back_unchanged(make):
    graph, pixels = make(), images(3)
    np.testing.assert_allclose(logits_of(graph, [pixels]), graph.logits(pixels), atol=1e-4)
    for before, layer in zip(layers_of(graph), torch_layers(graph), strict=True):
        assert np.array_equal(layer.folded().weights, before.weights)


def test_branches_are_pruned_and_fitted_too():
    graph, other = branched(), images(40, seed=9)
    expected, errors = graph.logits(other), []
    for fit in (None, Fit(0.01)):
        pruned = prune_with_images(graph, 0.5, images(64), fit=fit)
        assert zeros(pruned) == pytest.approx(0.5, abs=0.005)
        errors.append(np.mean((pruned.logits(other) - expected) ** 2))
    assert errors[1] < 0.5 * errors[0]


def test_fitted_survivors_are_closer_to_the_dense_network_on_other_images():
    weights, other = network(), images(40, seed=9)
    expected = weights.logits(other)

    def error(fit):
        pruned = prune_with_images(weights, 0.5, images(96), "curvature", fit)
        assert zeros(pruned) == pytest.approx(0.5, abs=0.005)
        return np.mean((pruned.logits(other) - expected) ** 2)

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
    graph = network()
    layer = graph.node("dw1").operator
    dead = replace(layer, weights=np.zeros_like(layer.weights), bias=-np.ones(8, np.float32))
    graph = graph.with_operators({"dw1": dead})
    seen = Seen(graph, entered(graph, [images(16)]))
    saliency = curvature_saliencies(seen, seed=0)
    assert saliency["pw1"].abs().max() == 0
    assert saliency["pw2"].max() > 0
    assert torch.equal(saliency["pw2"], curvature_saliencies(seen, seed=0)["pw2"])


def test_a_uniform_mask_takes_the_same_share_of_every_layer():
    masks = mask_of(Seen(network(), []), 0.5, "uniform")
    assert len(masks) == 6
    for mask in masks.values():
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
