"""A float graph, from whatever file, as a torch module that trains: pruning loops take it like any other."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from tinygmp.errors import UnsupportedError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.models.torch_graph import TorchLayer, flow, in_order, layer_map, torch_layers, with_layers


class TrainableLayer(nn.Module):
    """Weight and bias of a linear layer; the graph says how they are used."""

    def __init__(self, layer: TorchLayer) -> None:
        super().__init__()
        self.layer = layer
        self.weight = nn.Parameter(layer.weight)
        self.bias = nn.Parameter(layer.bias)

    def prunable(self) -> list[str]:
        return ["weight"]


class TrainableGraph(nn.Module):
    """A feed-forward graph of one input and one output; parameters are 'layers.<node>.weight' and '.bias'.

    Batch norm is folded already, so training goes on without it. Raises UnsupportedError for several inputs or outputs
    and for recurrent graphs.
    """

    def __init__(self, graph: FloatGraph) -> None:
        super().__init__()
        if graph.recurrent or len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise UnsupportedError(
                f"'{graph.source}': {len(graph.inputs)} inputs, {len(graph.outputs)} outputs, {len(graph.states)} "
                "states; only graphs of one input and one output without states train in torch"
            )
        self.graph = graph
        self.layers = nn.ModuleDict(
            {layer.name.replace(".", "_"): TrainableLayer(layer) for layer in torch_layers(graph)}
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [batch, classes] of reals [batch, *shape], as Keras has them: rows, columns, channels.

        A series may be [batch, steps, channels]; pixels come normalised, as the network was trained.
        """
        ((name, shape),) = self.graph.inputs.items()
        x = x.reshape(len(x), *shape)
        x = x.permute(0, 3, 1, 2) if x.ndim == 4 else x
        pixels = next(iter(self.graph.nodes_of(PixelInput)), None)
        values = {name if pixels is None else pixels.writes[0]: x}
        return in_order(flow(self.graph, layer_map(self.trained()), values)[self.graph.outputs[0]])

    @torch.no_grad()
    def folded(self) -> FloatGraph:
        """Return the graph with the weights as they stand, for tinygmp.pack.packer.pack."""
        layers = []
        for one in self.trained():
            weight, bias = (tensor.detach().cpu().clone() for tensor in (one.weight, one.bias))
            layers.append(replace(one, weight=weight, bias=bias))
        return with_layers(self.graph, layers)

    def trained(self) -> list[TorchLayer]:
        """Return the layers with these parameters, in order of execution."""
        parts = [part for part in self.layers.values() if isinstance(part, TrainableLayer)]
        return [replace(part.layer, weight=part.weight, bias=part.bias) for part in parts]
