"""A PackedModel as plain data and named arrays, and back: what a .tgmp file stores (docs/tgmp.md)."""

from collections.abc import Mapping

import numpy as np

from tinygmp.errors import FileFormatError
from tinygmp.graph.fields import Description, integer, integers, items, number, table, text, texts
from tinygmp.graph.kinds import KINDS, kind_of
from tinygmp.graph.model import MOST_NODES, Node, PackedModel, State
from tinygmp.graph.records import Arrays, build_record, describe_record
from tinygmp.graph.reject import Reject
from tinygmp.graph.values import Value

CENTROIDS = "reject.centroids"


def describe_model(model: PackedModel) -> tuple[Description, Arrays]:
    """Return JSON-ready data and the arrays it refers to by name."""
    arrays: Arrays = {}
    description = {
        "name": model.name,
        "labels": list(model.labels),
        "steps": model.steps,
        "provenance": dict(sorted(model.provenance.items())),
        "values": [
            {
                "name": value.name,
                "shape": list(value.shape),
                "dtype": value.dtype,
                "scale": value.scale,
                "zero_point": value.zero_point,
            }
            for value in model.values.values()
        ],
        "inputs": list(model.inputs),
        "outputs": list(model.outputs),
        "states": [{"read": state.read, "written": state.written} for state in model.states],
        "nodes": [describe_node(node, arrays) for node in model.nodes],
    }
    if model.reject is not None:
        arrays[CENTROIDS] = model.reject.centroids
        description["reject"] = {"limit": model.reject.limit}
    return description, arrays


def describe_node(node: Node, arrays: Arrays) -> Description:
    return {
        "name": node.name,
        "kind": kind_of(node.operator),
        "reads": list(node.reads),
        "writes": list(node.writes),
        "fields": describe_record(node.operator, node.name, arrays),
    }


def build_model(description: Description, arrays: Mapping[str, np.ndarray]) -> PackedModel:
    """Return the model that `describe_model` described; raises KeyError, TypeError or TinyGmpError."""
    nodes = items(description["nodes"], "nodes")
    values = items(description["values"], "values")
    if max(len(nodes), len(values)) > 4 * MOST_NODES:
        raise FileFormatError(
            f"{len(nodes)} nodes and {len(values)} values; the limits are {MOST_NODES} nodes"
        )
    built = [build_value(table(value, "values")) for value in values]
    return PackedModel(
        name=text(description["name"], "name"),
        values={value.name: value for value in built},
        inputs=texts(description["inputs"], "inputs"),
        nodes=tuple(build_node(table(node, "nodes"), arrays) for node in nodes),
        outputs=texts(description["outputs"], "outputs"),
        labels=texts(description["labels"], "labels"),
        states=tuple(
            State(text(state["read"], "read"), text(state["written"], "written"))
            for state in items(description["states"], "states")
        ),
        steps=integer(description["steps"], "steps"),
        provenance=provenance_of(description),
        reject=build_reject(description, arrays),
    )


def build_reject(description: Description, arrays: Mapping[str, np.ndarray]) -> Reject | None:
    if "reject" not in description:
        return None
    return Reject(arrays[CENTROIDS], integer(table(description["reject"], "reject")["limit"], "limit"))


def build_value(fields: Description) -> Value:
    return Value(
        name=text(fields["name"], "name"),
        shape=integers(fields["shape"], "shape"),
        dtype=text(fields["dtype"], "dtype"),
        scale=number(fields["scale"], "scale"),
        zero_point=integer(fields["zero_point"], "zero_point"),
    )


def build_node(node: Description, arrays: Mapping[str, np.ndarray]) -> Node:
    kind, name = text(node["kind"], "kind"), text(node["name"], "name")
    if kind not in KINDS:
        raise FileFormatError(f"layer kind '{kind[:40]}' is unknown; known: {', '.join(KINDS)}")
    operator = build_record(KINDS[kind], table(node["fields"], "fields"), name, arrays)
    return Node(name, operator, texts(node["reads"], "reads"), texts(node["writes"], "writes"))


def provenance_of(description: Description) -> dict[str, str]:
    notes = table(description["provenance"], "provenance")
    return {text(key, "provenance"): text(value, "provenance") for key, value in notes.items()}
