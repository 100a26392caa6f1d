"""Operator records as plain data and named arrays, and back, field by field of their declared types."""

import math
import types
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from tinygmp.graph.fields import Description, bound, integer, items, number, table, text
from tinygmp.graph.operators.fastgrnn import LowRank
from tinygmp.graph.operators.limits import Limits
from tinygmp.quant.requantize import Requantizer
from tinygmp.sparse.tensor import PackedTensor

Arrays = dict[str, np.ndarray]


def describe_record(record: Any, name: str, arrays: Arrays) -> Description:
    """Return JSON-ready fields of a record; arrays join `arrays` as '<name>.<field>' instead.

    A field whose metadata has 'told' is left out at its default, so that files from before it stay as they are.
    """
    described: Description = {}
    for each in fields(record):
        value = getattr(record, each.name)
        if "told" in each.metadata and value == each.default:
            continue
        if isinstance(value, np.ndarray):
            arrays[f"{name}.{each.name}"] = value
        else:
            described[each.name] = describe_field(value, arrays)
    return described


def describe_field(value: Any, arrays: Arrays) -> Any:
    if isinstance(value, PackedTensor):
        return describe_tensor(value, arrays)
    if isinstance(value, LowRank):
        return {
            "first": describe_tensor(value.first, arrays),
            "requantizer": asdict(value.requantizer),
            "second": describe_tensor(value.second, arrays),
        }
    if isinstance(value, Limits):
        return [None if math.isinf(side) else side for side in (value.low, value.high)]
    if isinstance(value, tuple):
        return [describe_field(each, arrays) for each in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def describe_tensor(tensor: PackedTensor, arrays: Arrays) -> Description:
    for stream, data in tensor.streams.items():
        arrays[f"{tensor.name}.{stream}"] = data
    return {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "index_format": tensor.index_format,
        "value_format": tensor.value_format,
        "scale": tensor.scale,
        "streams": sorted(tensor.streams),
    }


def build_record(record: type, description: Description, name: str, arrays: Mapping[str, np.ndarray]) -> Any:
    """Return the record that `describe_record` described; raises KeyError, TypeError or TinyGmpError."""
    hints = get_type_hints(record)
    return record(
        **{
            each.name: build_field(
                hints[each.name], description.get(each.name), f"{name}.{each.name}", arrays
            )
            for each in fields(record)
            if "told" not in each.metadata or each.name in description
        }
    )


def build_field(kind: Any, value: Any, name: str, arrays: Mapping[str, np.ndarray]) -> Any:
    if kind is np.ndarray:
        return arrays[name]
    if kind is Limits:
        low, high = items(value, name)
        return Limits(bound(low, name, -math.inf), bound(high, name, math.inf))
    if kind in PLAIN:
        return PLAIN[kind](value, name)
    if get_origin(kind) is types.UnionType:  # the only one: a matrix or two factors
        return build_map(table(value, name), arrays)
    if get_origin(kind) is tuple:
        return build_tuple(get_args(kind), items(value, name), name, arrays)
    if kind is PackedTensor:
        return build_tensor(table(value, name), arrays)
    return build_record(kind, table(value, name), name, arrays)


PLAIN = {int: integer, float: number, str: text}


def build_tuple(
    kinds: tuple[Any, ...], values: list[Any], name: str, arrays: Mapping[str, np.ndarray]
) -> Any:
    """Return a tuple of the declared length, or of any where the type ends in '...'."""
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(values)
    return tuple(build_field(kind, value, name, arrays) for kind, value in zip(kinds, values, strict=True))


def build_map(description: Description, arrays: Mapping[str, np.ndarray]) -> PackedTensor | LowRank:
    if "first" not in description:
        return build_tensor(description, arrays)
    requantizer = build_record(
        Requantizer, table(description["requantizer"], "requantizer"), "requantizer", arrays
    )
    first, second = (build_tensor(table(description[key], key), arrays) for key in ("first", "second"))
    return LowRank(first, requantizer, second)


def build_tensor(description: Description, arrays: Mapping[str, np.ndarray]) -> PackedTensor:
    name = text(description["name"], "name")
    rows, columns = (integer(side, "shape") for side in items(description["shape"], "shape"))
    return PackedTensor(
        name=name,
        shape=(rows, columns),
        index_format=text(description["index_format"], "index_format"),
        value_format=text(description["value_format"], "value_format"),
        scale=number(description["scale"], "scale"),
        streams={
            text(stream, "streams"): arrays[f"{name}.{stream}"]
            for stream in items(description["streams"], "streams")
        },
    )
