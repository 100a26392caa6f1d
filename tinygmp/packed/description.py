"""A PackedModel as plain data and named arrays, and back: what a .tgmp file stores."""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from tinygmp.errors import FileFormatError
from tinygmp.packed.layers import FastGrnn, FullyConnected, Layer, LinearMap, LowRank, SensorInput
from tinygmp.packed.model import PackedModel
from tinygmp.quant.requantize import Requantizer
from tinygmp.sparse.tensor import PackedTensor

Description = dict[str, Any]
Arrays = dict[str, np.ndarray]
NAME = re.compile(
    r"[A-Za-z][A-Za-z0-9_.]{0,47}"
)  # of layers and tensors, which become symbols of generated code
LONGEST_TEXT = 4096  # of a label, a unit, a note on provenance
REQUANTIZER_FIELDS = ("pre_shift", "multiplier", "post_shift")


def describe_model(model: PackedModel) -> tuple[Description, Arrays]:
    """Return JSON-ready data and the arrays it refers to by name."""
    arrays: Arrays = {}
    description = {
        "name": model.name,
        "labels": list(model.labels),
        "steps": model.steps,
        "provenance": dict(sorted(model.provenance.items())),
        "layers": [describe_layer(layer, arrays) for layer in model.layers],
    }
    return description, arrays


def build_model(description: Description, arrays: Mapping[str, np.ndarray]) -> PackedModel:
    """Return the model that `describe_model` described; raises KeyError, TypeError or TinyGmpError."""
    return PackedModel(
        name=text(description, "name"),
        layers=tuple(build_layer(layer, arrays) for layer in description["layers"]),
        labels=texts(description, "labels"),
        steps=integer(description, "steps"),
        provenance=provenance_of(description),
    )


def provenance_of(description: Description) -> dict[str, str]:
    notes = description["provenance"]
    return {text({"key": key}, "key"): text(notes, key) for key in notes}


def integer(fields: Description, key: str) -> int:
    value = fields[key]
    if type(value) is not int:  # True is no number, 3.0 no integer
        raise FileFormatError(f"{key} is {str(value)[:40]}, expected an integer")
    return value


def number(fields: Description, key: str) -> float:
    value = fields[key]
    if type(value) not in (int, float) or not 0 < value <= sys.float_info.max:
        raise FileFormatError(f"{key} is {str(value)[:40]}, expected a positive number")
    return float(value)


def text(fields: Description, key: str) -> str:
    value = fields[key]
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise FileFormatError(
            f"{key} is {str(value)[:40]}, expected text of at most {LONGEST_TEXT} characters"
        )
    value.encode()  # a lone surrogate, which no source text can hold, raises ValueError
    return value


def texts(fields: Description, key: str) -> tuple[str, ...]:
    if not isinstance(fields[key], list):
        raise FileFormatError(f"{key} is {str(fields[key])[:40]}, expected a list")
    return tuple(text({key: value}, key) for value in fields[key])


def name_of(fields: Description) -> str:
    name = text(fields, "name")
    if not NAME.fullmatch(name):
        raise FileFormatError(
            f"name '{name[:60]}': use a letter, then letters, digits, '_' and '.', at most 48"
        )
    return name


def describe_layer(layer: Layer, arrays: Arrays) -> Description:
    if isinstance(layer, SensorInput):
        return describe_input(layer, arrays)
    if isinstance(layer, FastGrnn):
        return describe_fastgrnn(layer, arrays)
    arrays[f"{layer.name}.bias"] = layer.bias
    weights = describe_tensor(layer.weights, arrays)
    return {"kind": "fully_connected", "name": layer.name, "weights": weights, "scale": layer.scale}


def describe_input(layer: SensorInput, arrays: Arrays) -> Description:
    arrays[f"{layer.name}.offset"] = layer.offset
    arrays[f"{layer.name}.multiplier"] = layer.multiplier
    return {
        "kind": "sensor_input",
        "name": layer.name,
        "channel_names": list(layer.channel_names),
        "units": list(layer.units),
        "counts_per_unit": list(layer.counts_per_unit),
        "shift": layer.shift,
        "scale": layer.scale,
    }


FASTGRNN_ARRAYS = ("bias_gate", "bias_update", "table")
FASTGRNN_INTEGERS = ("w_shift", "u_shift", "bias_gate_shift", "bias_update_shift", "zeta", "zeta_shift", "nu")


def describe_fastgrnn(layer: FastGrnn, arrays: Arrays) -> Description:
    for field in FASTGRNN_ARRAYS:
        arrays[f"{layer.name}.{field}"] = getattr(layer, field)
    return {
        "kind": "fastgrnn",
        "name": layer.name,
        "w": describe_map(layer.w, arrays),
        "u": describe_map(layer.u, arrays),
        "pre_requantizer": asdict(layer.pre_requantizer),
        **{field: getattr(layer, field) for field in FASTGRNN_INTEGERS},
        "state_scale": layer.state_scale,
    }


def describe_map(linear: LinearMap, arrays: Arrays) -> Description:
    if isinstance(linear, LowRank):
        return {
            "first": describe_tensor(linear.first, arrays),
            "requantizer": asdict(linear.requantizer),
            "second": describe_tensor(linear.second, arrays),
        }
    return describe_tensor(linear, arrays)


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


def build_layer(layer: Description, arrays: Mapping[str, np.ndarray]) -> Layer:
    builder = BUILDERS.get(layer["kind"])
    if builder is None:
        raise FileFormatError(f"layer kind '{layer['kind']}' is unknown; known: {', '.join(BUILDERS)}")
    return builder(layer, arrays)


def build_input(layer: Description, arrays: Mapping[str, np.ndarray]) -> SensorInput:
    return SensorInput(
        name=name_of(layer),
        channel_names=texts(layer, "channel_names"),
        units=texts(layer, "units"),
        counts_per_unit=tuple(
            number({"counts_per_unit": one}, "counts_per_unit") for one in layer["counts_per_unit"]
        ),
        offset=arrays[f"{layer['name']}.offset"],
        multiplier=arrays[f"{layer['name']}.multiplier"],
        shift=integer(layer, "shift"),
        scale=number(layer, "scale"),
    )


def build_fastgrnn(layer: Description, arrays: Mapping[str, np.ndarray]) -> FastGrnn:
    fields: dict[str, Any] = {field: integer(layer, field) for field in FASTGRNN_INTEGERS}
    name = name_of(layer)
    fields |= {field: arrays[f"{name}.{field}"] for field in FASTGRNN_ARRAYS}
    return FastGrnn(
        name=name,
        w=build_map(layer["w"], arrays),
        u=build_map(layer["u"], arrays),
        pre_requantizer=build_requantizer(layer["pre_requantizer"]),
        state_scale=number(layer, "state_scale"),
        **fields,
    )


def build_fully_connected(layer: Description, arrays: Mapping[str, np.ndarray]) -> FullyConnected:
    weights = build_tensor(layer["weights"], arrays)
    return FullyConnected(name_of(layer), weights, arrays[f"{layer['name']}.bias"], number(layer, "scale"))


def build_map(linear: Description, arrays: Mapping[str, np.ndarray]) -> LinearMap:
    if "first" not in linear:
        return build_tensor(linear, arrays)
    first, second = build_tensor(linear["first"], arrays), build_tensor(linear["second"], arrays)
    return LowRank(first, build_requantizer(linear["requantizer"]), second)


def build_requantizer(fields: Description) -> Requantizer:
    return Requantizer(**{field: integer(fields, field) for field in REQUANTIZER_FIELDS})


def build_tensor(tensor: Description, arrays: Mapping[str, np.ndarray]) -> PackedTensor:
    rows, columns = (integer({"shape": extent}, "shape") for extent in tensor["shape"])
    return PackedTensor(
        name=name_of(tensor),
        shape=(rows, columns),
        index_format=text(tensor, "index_format"),
        value_format=text(tensor, "value_format"),
        scale=number(tensor, "scale"),
        streams={stream: arrays[f"{tensor['name']}.{stream}"] for stream in texts(tensor, "streams")},
    )


BUILDERS: dict[str, Callable[[Description, Mapping[str, np.ndarray]], Layer]] = {
    "sensor_input": build_input,
    "fastgrnn": build_fastgrnn,
    "fully_connected": build_fully_connected,
}
