"""Pruning of published weights with a few hundred unlabelled images: what to keep, and how the rest makes up for it.

The rankings are Global MP's, one list over all layers, of other scores than magnitudes. 'curvature': w^2 E[x^2] E[g^2],
with the input x of a weight and the gradient g of the loss at its output under the network's own predictions (the
diagonal of the Kronecker-factored curvature, Martens and Grosse 2015). 'combined': the geometric mean of that and of
w^2 E[x^2] / Var[y], the error relative to the layer's output y, what least squares has to repair; the few weights of
convolutions larger than 1x1 all stay. Then every layer in order is fitted to the outputs of the dense network by least
squares over its surviving weights, its inputs being those of the already pruned layers.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tinygmp.errors import ConfigError, DataError
from tinygmp.models.mobilenet_v1_weights import MobileNetWeights, input_real
from tinygmp.prune.folded_torch import CLASSIFIER, TorchLayer, folded, torch_layers
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.least_squares import Fit, OnLayer, fitted, in_batches

FEWEST_IMAGES = 16
SMALLEST_VARIANCE, HIGHEST_SCORE = 1e-12, 1e30
RANKINGS = ("magnitude", "activation", "curvature", "combined", "uniform")


def prune_with_images(
    weights: MobileNetWeights,
    sparsity: float,
    pixels: np.ndarray,
    ranking: str = "combined",
    fit: Fit | None = Fit(),  # noqa: B008  frozen
    seed: int = 0,
    on_layer: OnLayer = lambda name, done, total: None,
) -> MobileNetWeights:
    """Return the network with that share of all weights zero, its survivors and biases fitted to the dense network.

    pixels: uint8 [images, size, size, channels], unlabelled. ranking: one of RANKINGS. fit: None leaves the survivors
    as they are. Raises ConfigError, or DataError when there are fewer than 16 images.
    """
    if len(pixels) < FEWEST_IMAGES:
        raise DataError(f"{len(pixels)} images are too few to fit a network to; give some hundred")
    dense = torch_layers(weights)
    x = torch.from_numpy(input_real(pixels, weights)).permute(0, 3, 1, 2).contiguous()
    masks = mask_of(dense, sparsity, ranking, x, seed)
    pruned = [replace(layer, weight=layer.weight * masks[layer.name]) for layer in dense]
    if fit is not None:
        importance = output_curvatures(dense, x, seed) if fit.rounds else [torch.ones(0)] * len(dense)
        by_name = {layer.name: each for layer, each in zip(dense, importance, strict=True)}
        pruned = fitted(dense, masks, by_name, x, fit, on_layer)
    return replace(weights, layers=tuple(map(folded, weights.layers, pruned)))


def mask_of(
    layers: Sequence[TorchLayer], sparsity: float, ranking: str, x: Tensor, seed: int = 0
) -> dict[str, Tensor]:
    """Return bool masks of the weights' shapes, True for survivors; 'uniform' ranks each layer by itself."""
    if not 0 <= sparsity < 1:
        raise ConfigError(f"sparsity {sparsity}: give the share of zeros, 0 <= sparsity < 1")
    if ranking not in RANKINGS:
        raise ConfigError(f"ranking '{ranking}' is unknown; known: {', '.join(RANKINGS)}")
    if ranking in ("curvature", "combined"):
        scores = curvature_saliencies(layers, x, seed)
        if ranking == "combined":
            scores = combined(layers, scores, x)
        # Ranked like magnitudes, so the root, which also keeps small ones from vanishing.
        scores = {name: score.sqrt() for name, score in scores.items()}
    elif ranking == "activation":
        scores = {
            layer.name: layer.weight.abs() * power.sqrt()
            for layer, power in zip(layers, input_power(layers, x), strict=True)
        }
    else:
        scores = {layer.name: layer.weight.abs() for layer in layers}
    if ranking == "uniform":
        kept = {
            name: global_magnitude_mask({name: score}, sparsity).kept[name] for name, score in scores.items()
        }
    else:
        kept = dict(global_magnitude_mask(scores, sparsity).kept)
    return {name: torch.from_numpy(np.array(mask)) for name, mask in kept.items()}


def combined(layers: Sequence[TorchLayer], curvature: dict[str, Tensor], x: Tensor) -> dict[str, Tensor]:
    """Return the geometric mean of curvature and relative output error; convolutions larger than 1x1 rank above all."""
    scores = {}
    for layer, power, variance in zip(
        layers, input_power(layers, x), output_variance(layers, x), strict=True
    ):
        relative = layer.weight**2 * power / max(variance, SMALLEST_VARIANCE)
        scores[layer.name] = (curvature[layer.name] * relative).sqrt()
        if layer.kernel > 1:
            scores[layer.name] = torch.full_like(layer.weight, HIGHEST_SCORE)
    return scores


def output_variance(layers: Sequence[TorchLayer], x: Tensor) -> list[float]:
    """Return each layer's mean variance of a channel's sums, over images and positions."""
    found = [0.0] * len(layers)
    with torch.no_grad():
        for images in in_batches(x):
            h = images
            for index, layer in enumerate(layers):
                sums = layer.sums(h)
                spread = sums.transpose(0, 1).flatten(1).var(dim=1, unbiased=False).mean()
                found[index] += float(spread) * len(images) / len(x)
                h = layer.activated(sums)
    return found


def curvature_saliencies(layers: Sequence[TorchLayer], x: Tensor, seed: int) -> dict[str, Tensor]:
    """Return w^2 E[x^2] E[g^2] for every weight, E over images."""
    return {
        layer.name: layer.weight**2 * power * by_output(layer, curvature)
        for layer, power, curvature in zip(
            layers, input_power(layers, x), output_curvatures(layers, x, seed), strict=True
        )
    }


def output_curvatures(layers: Sequence[TorchLayer], x: Tensor, seed: int) -> list[Tensor]:
    """Return E[g^2] by output of each layer, E over images, labels drawn from the network's own predictions.

    The classifier's gradients are averaged over classes, since few images show few of them.
    """
    generator = torch.Generator().manual_seed(seed)
    gradients = [torch.zeros(len(layer.weight)) for layer in layers]
    for images in in_batches(x):
        sums: list[Tensor] = []
        h = images
        for layer in layers:
            sums.append(layer.sums(h).detach().requires_grad_() if not sums else layer.sums(h))
            sums[-1].retain_grad()
            h = layer.activated(sums[-1])
        labels = torch.multinomial(torch.softmax(sums[-1].detach(), 1), 1, generator=generator)[:, 0]
        functional.cross_entropy(sums[-1], labels, reduction="sum").backward()  # type: ignore[no-untyped-call]
        for total, each in zip(gradients, sums, strict=True):
            assert each.grad is not None
            total += each.grad.pow(2).flatten(2).sum((0, 2)) if each.ndim == 4 else each.grad.pow(2).sum(0)
    gradients[-1] = gradients[-1].mean().expand_as(gradients[-1])
    return [gradient / len(x) for gradient in gradients]


def input_power(layers: Sequence[TorchLayer], x: Tensor) -> list[Tensor]:
    """Return each layer's mean squared input by channel, in a shape that multiplies its weights."""
    powers = [torch.zeros(1)] * len(layers)
    with torch.no_grad():
        for images in in_batches(x):
            h = images
            for index, layer in enumerate(layers):
                seen = h.mean((2, 3)) if layer.name == CLASSIFIER else h.pow(2).mean((2, 3)).sqrt()
                powers[index] = powers[index] + seen.pow(2).sum(0) / len(x)
                h = layer.activated(layer.sums(h))
    return [
        by_output(layer, power) if layer.depthwise else power.reshape(1, -1, *[1] * (layer.weight.ndim - 2))
        for layer, power in zip(layers, powers, strict=True)
    ]


def by_output(layer: TorchLayer, values: Tensor) -> Tensor:
    return values.reshape(-1, *[1] * (layer.weight.ndim - 1))
