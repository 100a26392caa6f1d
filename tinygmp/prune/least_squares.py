"""Survivors fitted to the dense network: layer after layer, least squares over what the mask leaves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tinygmp.errors import ConfigError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.models.torch_graph import TorchLayer, Values, applied, forget, layer_map
from tinygmp.prune.brain_surgeon import surviving

MOST_ROUNDS = 64
LARGEST_HELD = 65504.0  # of float16
OnLayer = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Fit:
    """How survivors are fitted: `ridge` pulls them to the dense weights, as a share of the mean input power.

    rounds: in which 1x1 layers choose anew, as many as the mask leaves them, what survives
    (tinygmp.prune.brain_surgeon); 0 keeps the mask.
    """

    ridge: float = 0.1
    rounds: int = 4

    def __post_init__(self) -> None:
        if not 0 <= self.rounds <= MOST_ROUNDS:
            raise ConfigError(f"rounds {self.rounds}: 0 to {MOST_ROUNDS}; 4 are good")
        if not self.ridge > 0:
            raise ConfigError(f"ridge {self.ridge} must be above 0; 0.1 suits a few hundred images")


def fitted(
    graph: FloatGraph,
    dense: Sequence[TorchLayer],
    masks: Mapping[str, Tensor],
    importance: Mapping[str, Tensor],
    batches: Sequence[Values],
    fit: Fit,
    on_layer: OnLayer,
) -> list[TorchLayer]:
    """Return the pruned layers, each fitted in order to the dense network's sums by masked least squares.

    importance: by layer and output, how much an error of it matters. What later layers of both networks read is held
    for all images, in 16 bits.
    """
    layers, pruned = layer_map(dense), list[TorchLayer]()
    # What is there before the layer: of the dense network, of the pruned one.
    flows = [(dict(batch), dict(batch)) for batch in batches]
    with torch.no_grad():
        for at, node in enumerate(graph.nodes):
            layer, (written,) = layers.get(node.name), node.writes
            if layer is not None:
                on_layer(layer.name, len(pruned), len(dense))
                read = node.reads[0]
                seen = [(ours[read], theirs[read]) for ours, theirs in flows]
                new = fitted_layer(layer, masks[layer.name], importance[layer.name], seen, fit)
                pruned.append(new)
                for ours, theirs in flows:
                    ours[written], theirs[written] = onward(layer, ours[read]), onward(new, theirs[read])
            elif not isinstance(node.operator, PixelInput):
                for both in flows:
                    for values in both:
                        values[written] = applied(node, [values[name].float() for name in node.reads])
            for both in flows:
                for values in both:
                    forget(graph, values, at)
    return pruned


def fitted_layer(
    layer: TorchLayer, mask: Tensor, importance: Tensor, seen: Sequence[tuple[Tensor, Tensor]], fit: Fit
) -> TorchLayer:
    gram, moment = moments(layer, seen)
    mask = chosen(layer, mask, importance, (gram, moment), fit)
    weight, bias = solve(layer, mask, gram, moment, fit.ridge)
    return replace(layer, weight=weight, bias=bias)


def onward(layer: TorchLayer, held: Tensor) -> Tensor:
    """Return a layer's outputs as they are held; float16 is finer than the int8 that the network becomes."""
    return layer.activated(layer.sums(held.float())).clamp(max=LARGEST_HELD).half()


def chosen(
    layer: TorchLayer, mask: Tensor, importance: Tensor, seen: tuple[Tensor, Tensor], fit: Fit
) -> Tensor:
    """Return the mask, or as many survivors chosen by what the layer sees."""
    keep = int(mask.sum())
    if layer.window.taps > 1 or layer.depthwise or not fit.rounds or keep == mask.numel():
        return mask
    gram, moment = seen
    pull = strength(gram, fit.ridge)
    return surviving(layer.weight, layer.bias, keep, gram, moment, pull, fit.rounds, importance)


def strength(gram: Tensor, ridge: float) -> float:
    """Return what a ridge adds to the diagonal."""
    return ridge * float(gram.diagonal()[:-1].mean()) + 1e-9


def moments(layer: TorchLayer, flows: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return X'X and X'Y in float64 over all images: X the pruned network's inputs and a one, Y the dense sums."""
    gram, moment = torch.zeros(1).double(), torch.zeros(1).double()
    for from_dense, from_pruned in flows:
        inputs = layer.inputs(from_pruned.float())
        inputs = torch.cat([inputs, torch.ones_like(inputs[..., :1])], dim=-1)
        targets = layer.targets(layer.sums(from_dense.float()))
        gram = gram + (inputs.mT @ inputs).double()
        moment = moment + (inputs.mT @ targets).double()
    return gram, moment


def solve(
    layer: TorchLayer, mask: Tensor, gram: Tensor, moment: Tensor, ridge: float
) -> tuple[Tensor, Tensor]:
    """Return weights and biases of least squared error plus ridge, zero outside the mask; biases are free."""
    # A depthwise layer's taps and a dense layer's inputs, in the order of X; unfold puts channels before taps.
    start = torch.cat([layer.weight.flatten(1), layer.bias[:, None]], dim=1).double()
    kept = torch.cat([mask.flatten(1), torch.ones(len(mask), 1, dtype=torch.bool)], dim=1)
    found = torch.zeros_like(start)
    for output in range(len(start)):
        own_gram, own_moment = (
            (gram[output], moment[output, :, 0]) if layer.depthwise else (gram, moment[:, output])
        )
        rows = kept[output].nonzero()[:, 0]
        pull = strength(own_gram, ridge)
        matrix = own_gram[rows][:, rows]
        matrix.diagonal().add_(pull)
        right = own_moment[rows] + pull * start[output, rows]
        found[output, rows] = torch.cholesky_solve(right[:, None], torch.linalg.cholesky(matrix))[:, 0]
    return found[:, :-1].reshape(layer.weight.shape).float(), found[:, -1].float()
