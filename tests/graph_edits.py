"""Packed graphs with one operator changed, as tests of odd constants need them."""

from dataclasses import replace
from typing import Any

from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.base import Operator


def with_operator(model: PackedModel, name: str, operator: Operator) -> PackedModel:
    """Return the model with another operator at the node of that name."""
    nodes = (replace(node, operator=operator) if node.name == name else node for node in model.nodes)
    return replace(model, nodes=tuple(nodes))


def with_fields(model: PackedModel, name: str, **fields: Any) -> PackedModel:
    """Return the model with some fields of the operator at that node changed."""
    changed: Any = replace(model.node(name).operator, **fields)
    return with_operator(model, name, changed)
