"""The same model with its weight tensors in other formats: the integers, and so every answer, stay as they are."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.base import Operator
from tinygmp.graph.operators.fastgrnn import LowRank
from tinygmp.sparse.tensor import PackedTensor


def with_tensors(model: PackedModel, tensors: Mapping[str, PackedTensor]) -> PackedModel:
    """Return the model with the tensors of these names; raises ConfigError for an unknown one or other integers."""
    known = {tensor.name: tensor for tensor in model.tensors()}
    for name, tensor in tensors.items():
        if name not in known:
            raise ConfigError(f"model '{model.name}' has no tensor '{name}'; it has {', '.join(known)}")
        if tensor.scale != known[name].scale or not np.array_equal(tensor.decode(), known[name].decode()):
            raise ConfigError(f"'{name}': the new form holds other weights; encode the decoded ones")
    return replace_tensors(model, lambda tensor: tensors.get(tensor.name, tensor))


def replace_tensors(model: PackedModel, change: Callable[[PackedTensor], PackedTensor]) -> PackedModel:
    """Return the model with every weight tensor changed."""
    nodes = (replace(node, operator=operator_with(node.operator, change)) for node in model.nodes)
    return replace(model, nodes=tuple(nodes))


def operator_with(operator: Operator, change: Callable[[PackedTensor], PackedTensor]) -> Operator:
    changed: dict[str, Any] = {}
    for each in fields(operator):  # type: ignore[arg-type]
        value = getattr(operator, each.name)
        if isinstance(value, PackedTensor):
            changed[each.name] = change(value)
        elif isinstance(value, LowRank):
            changed[each.name] = replace(value, first=change(value.first), second=change(value.second))
    return replace(operator, **changed) if changed else operator  # type: ignore[type-var]
