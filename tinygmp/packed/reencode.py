"""The same model with its weight tensors in other formats: the integers, and so every answer, stay as they are."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.packed.layers import FastGrnn, FullyConnected, Layer, LinearMap, LowRank
from tinygmp.packed.model import PackedModel
from tinygmp.sparse.tensor import PackedTensor


def with_tensors(model: PackedModel, tensors: Mapping[str, PackedTensor]) -> PackedModel:
    """Return the model with the tensors of these names; raises ConfigError for an unknown one or other integers."""
    known = {tensor.name: tensor for tensor in model.tensors()}
    for name, tensor in tensors.items():
        if name not in known:
            raise ConfigError(f"model '{model.name}' has no tensor '{name}'; it has {', '.join(known)}")
        if tensor.scale != known[name].scale or not np.array_equal(tensor.decode(), known[name].decode()):
            raise ConfigError(f"'{name}': the new form holds other weights; encode the decoded ones")
    return replace(model, layers=tuple(layer_with(layer, tensors) for layer in model.layers))


def layer_with(layer: Layer, tensors: Mapping[str, PackedTensor]) -> Layer:
    if isinstance(layer, FastGrnn):
        return replace(layer, w=map_with(layer.w, tensors), u=map_with(layer.u, tensors))
    if isinstance(layer, FullyConnected):
        return replace(layer, weights=tensors.get(layer.weights.name, layer.weights))
    return layer


def map_with(linear: LinearMap, tensors: Mapping[str, PackedTensor]) -> LinearMap:
    if isinstance(linear, LowRank):
        first = tensors.get(linear.first.name, linear.first)
        return replace(linear, first=first, second=tensors.get(linear.second.name, linear.second))
    return tensors.get(linear.name, linear)
