"""Pruning of published weights with a few hundred unlabelled images: what to keep, and how the rest makes up for it.

The rankings are Global MP's, one list over all layers, of other scores than magnitudes. 'curvature': w^2 E[x^2] E[g^2],
with the input x of a weight and the gradient g of the loss at its output under the network's own predictions (the
diagonal of the Kronecker-factored curvature, Martens and Grosse 2015). 'combined': the geometric mean of that and of
w^2 E[x^2] / Var[y], the error relative to the layer's output y, what least squares has to repair; the few weights of
larger kernels in depthwise layers and in those that read the input all stay. Then every layer in order is fitted to the
outputs of the dense network by least squares over its surviving weights, its inputs being those of the already pruned
layers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tinygmp.cost.goal import BYTES, PLAIN, Goal
from tinygmp.errors import ConfigError, DataError
from tinygmp.floats.graph import FloatGraph
from tinygmp.models.torch_graph import (
    TorchLayer,
    Values,
    entered,
    flow,
    in_order,
    layer_map,
    torch_layers,
    with_layers,
)
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.graph_work import works_of_graph
from tinygmp.prune.least_squares import Fit, OnLayer, fitted
from tinygmp.prune.objective import costs_of, mask_for

FEWEST_IMAGES = 16
SMALLEST_VARIANCE, HIGHEST_SCORE = 1e-12, 1e30
RANKINGS = ("magnitude", "activation", "curvature", "combined", "uniform")


def prune_with_images(
    graph: FloatGraph,
    sparsity: float,
    pixels: np.ndarray,
    ranking: str = "combined",
    fit: Fit | None = Fit(),  # noqa: B008  frozen
    seed: int = 0,
    on_layer: OnLayer = lambda name, done, total: None,
    goal: Goal = PLAIN,
) -> FloatGraph:
    """Return the graph with that share of all weights zero, its survivors and biases fitted to the dense network.

    pixels: what its one input takes, uint8 [images, rows, columns, channels] or float32 [samples, *shape], unlabelled.
    ranking: one of RANKINGS. fit: None leaves the survivors as they are. goal: what else than bytes the weights that
    stay shall cost little of, see tinygmp.prune.objective. Raises ConfigError, or DataError when there are fewer than
    16 images.
    """
    if len(pixels) < FEWEST_IMAGES:
        raise DataError(f"{len(pixels)} images are too few to fit a network to; give some hundred")
    seen = Seen(graph, entered(graph, [pixels]))
    masks = mask_of(seen, sparsity, ranking, seed, goal)
    pruned = [replace(layer, weight=layer.weight * masks[layer.name]) for layer in seen.layers]
    if fit is not None:
        importance = output_curvatures(seen, seed) if fit.rounds else dict.fromkeys(masks, torch.ones(0))
        pruned = fitted(graph, seen.layers, masks, importance, seen.batches, fit, on_layer)
    return with_layers(graph, pruned)


class Seen:
    """A dense graph in torch and what it is shown."""

    def __init__(self, graph: FloatGraph, batches: Sequence[Values]) -> None:
        self.graph, self.batches, self.layers = graph, batches, torch_layers(graph)
        self.by_name = layer_map(self.layers)
        first = next(iter(batches[0])) if batches else ""
        self.samples = sum(len(batch[first]) for batch in batches)

    def read_by(self, layer: TorchLayer) -> bool:
        """True for a layer that reads an input."""
        return bool(self.batches) and layer.node.reads[0] in self.batches[0]

    def answers(self, layer: TorchLayer) -> bool:
        """True for the layer that writes the logits."""
        return layer.node.writes[0] == self.graph.outputs[0]


def mask_of(
    seen: Seen, sparsity: float, ranking: str, seed: int = 0, goal: Goal = PLAIN
) -> dict[str, Tensor]:
    """Return bool masks of the weights' shapes, True for survivors; 'uniform' ranks each layer by itself."""
    if not 0 <= sparsity < 1:
        raise ConfigError(f"sparsity {sparsity}: give the share of zeros, 0 <= sparsity < 1")
    if ranking not in RANKINGS:
        raise ConfigError(f"ranking '{ranking}' is unknown; known: {', '.join(RANKINGS)}")
    if ranking in ("curvature", "combined"):
        scores = curvature_saliencies(seen, seed)
        if ranking == "combined":
            scores = combined(seen, scores)
        # Ranked like magnitudes, so the root, which also keeps small ones from vanishing.
        scores = {name: score.sqrt() for name, score in scores.items()}
    elif ranking == "activation":
        powers = input_power(seen)
        scores = {layer.name: layer.weight.abs() * powers[layer.name].sqrt() for layer in seen.layers}
    else:
        scores = {layer.name: layer.weight.abs() for layer in seen.layers}
    if goal.objective != BYTES:
        works = {name.removesuffix(".weights"): work for name, work in works_of_graph(seen.graph).items()}
        squares = {name: score.double().square().numpy() for name, score in scores.items()}
        kept = dict(mask_for(goal, squares, costs_of(goal.objective, works), sparsity).kept)
    elif ranking == "uniform":
        kept = {
            name: global_magnitude_mask({name: score}, sparsity).kept[name] for name, score in scores.items()
        }
    else:
        kept = dict(global_magnitude_mask(scores, sparsity).kept)
    return {name: torch.from_numpy(np.array(mask)) for name, mask in kept.items()}


def combined(seen: Seen, curvature: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the geometric mean of curvature and relative output error; kernels that all stay rank above all."""
    powers, variances = input_power(seen), output_variance(seen)
    scores = {}
    for layer in seen.layers:
        variance = max(variances[layer.name], SMALLEST_VARIANCE)
        relative = layer.weight**2 * powers[layer.name] / variance
        scores[layer.name] = (curvature[layer.name] * relative).sqrt()
        if layer.window.taps > 1 and (layer.depthwise or seen.read_by(layer)):
            scores[layer.name] = torch.full_like(layer.weight, HIGHEST_SCORE)
    return scores


def output_variance(seen: Seen) -> dict[str, float]:
    """Return each layer's mean variance of a channel's sums, over images and positions."""
    found = dict.fromkeys(seen.by_name, 0.0)

    def see(layer: TorchLayer, x: Tensor, sums: Tensor) -> Tensor:
        spread = sums.transpose(0, 1).flatten(1).var(dim=1, unbiased=False).mean()
        found[layer.name] += float(spread) * len(sums) / seen.samples
        return sums

    with torch.no_grad():
        for batch in seen.batches:
            flow(seen.graph, seen.by_name, batch, see)
    return found


def curvature_saliencies(seen: Seen, seed: int) -> dict[str, Tensor]:
    """Return w^2 E[x^2] E[g^2] for every weight, E over images."""
    powers, curvatures = input_power(seen), output_curvatures(seen, seed)
    return {
        layer.name: layer.weight**2 * powers[layer.name] * by_output(layer, curvatures[layer.name])
        for layer in seen.layers
    }


def output_curvatures(seen: Seen, seed: int) -> dict[str, Tensor]:
    """Return E[g^2] by output of each layer, E over images, labels drawn from the network's own predictions.

    The gradients of the layer that answers are averaged over classes, since few images show few of them.
    """
    generator = torch.Generator().manual_seed(seed)
    totals = {layer.name: torch.zeros(len(layer.weight)) for layer in seen.layers}
    for batch in seen.batches:
        sums: dict[str, Tensor] = {}

        def see(layer: TorchLayer, x: Tensor, given: Tensor, sums: dict[str, Tensor] = sums) -> Tensor:
            sums[layer.name] = given if given.requires_grad else given.detach().requires_grad_()
            sums[layer.name].retain_grad()
            return sums[layer.name]

        logits = in_order(flow(seen.graph, seen.by_name, batch, see)[seen.graph.outputs[0]])
        labels = torch.multinomial(torch.softmax(logits.detach(), 1), 1, generator=generator)[:, 0]
        functional.cross_entropy(logits, labels, reduction="sum").backward()  # type: ignore[no-untyped-call]
        for name, each in sums.items():
            if each.grad is not None:
                totals[name] += squared(each.grad)
    for layer in seen.layers:
        if seen.answers(layer):
            totals[layer.name] = totals[layer.name].mean().expand_as(totals[layer.name])
    return {name: total / seen.samples for name, total in totals.items()}


def squared(gradient: Tensor) -> Tensor:
    """Return the sum of squares by output, over samples and positions."""
    return gradient.pow(2).flatten(2).sum((0, 2)) if gradient.ndim == 4 else gradient.pow(2).sum(0)


def input_power(seen: Seen) -> dict[str, Tensor]:
    """Return each layer's mean squared input by channel, in a shape that multiplies its weights."""
    powers = dict.fromkeys(seen.by_name, torch.zeros(1))

    def see(layer: TorchLayer, x: Tensor, sums: Tensor) -> Tensor:
        magnitude = in_order(x) if layer.matrix else x.pow(2).mean((2, 3)).sqrt() if x.ndim == 4 else x
        powers[layer.name] = powers[layer.name] + magnitude.pow(2).sum(0) / seen.samples
        return sums

    with torch.no_grad():
        for batch in seen.batches:
            flow(seen.graph, seen.by_name, batch, see)
    return {layer.name: by_input(layer, powers[layer.name]) for layer in seen.layers}


def by_input(layer: TorchLayer, power: Tensor) -> Tensor:
    if layer.depthwise:
        return by_output(layer, power.repeat_interleave(len(layer.weight) // len(power)))
    return power.reshape(1, -1, *[1] * (layer.weight.ndim - 2))


def by_output(layer: TorchLayer, values: Tensor) -> Tensor:
    return values.reshape(-1, *[1] * (layer.weight.ndim - 1))
