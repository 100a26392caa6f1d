"""A PackedModel as plain data and named arrays, and back: what a .tgmp file stores."""

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
        name=description["name"],
        layers=tuple(build_layer(layer, arrays) for layer in description["layers"]),
        labels=tuple(str(label) for label in description["labels"]),
        steps=int(description["steps"]),
        provenance={str(key): str(value) for key, value in description["provenance"].items()},
    )


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
        name=layer["name"],
        channel_names=tuple(layer["channel_names"]),
        units=tuple(layer["units"]),
        counts_per_unit=tuple(float(counts) for counts in layer["counts_per_unit"]),
        offset=arrays[f"{layer['name']}.offset"],
        multiplier=arrays[f"{layer['name']}.multiplier"],
        shift=int(layer["shift"]),
        scale=float(layer["scale"]),
    )


def build_fastgrnn(layer: Description, arrays: Mapping[str, np.ndarray]) -> FastGrnn:
    fields: dict[str, Any] = {field: int(layer[field]) for field in FASTGRNN_INTEGERS}
    fields |= {field: arrays[f"{layer['name']}.{field}"] for field in FASTGRNN_ARRAYS}
    return FastGrnn(
        name=layer["name"],
        w=build_map(layer["w"], arrays),
        u=build_map(layer["u"], arrays),
        pre_requantizer=Requantizer(**layer["pre_requantizer"]),
        state_scale=float(layer["state_scale"]),
        **fields,
    )


def build_fully_connected(layer: Description, arrays: Mapping[str, np.ndarray]) -> FullyConnected:
    weights = build_tensor(layer["weights"], arrays)
    return FullyConnected(layer["name"], weights, arrays[f"{layer['name']}.bias"], float(layer["scale"]))


def build_map(linear: Description, arrays: Mapping[str, np.ndarray]) -> LinearMap:
    if "first" not in linear:
        return build_tensor(linear, arrays)
    first, second = build_tensor(linear["first"], arrays), build_tensor(linear["second"], arrays)
    return LowRank(first, Requantizer(**linear["requantizer"]), second)


def build_tensor(tensor: Description, arrays: Mapping[str, np.ndarray]) -> PackedTensor:
    rows, columns = (int(extent) for extent in tensor["shape"])
    return PackedTensor(
        name=tensor["name"],
        shape=(rows, columns),
        index_format=tensor["index_format"],
        value_format=tensor["value_format"],
        scale=float(tensor["scale"]),
        streams={stream: arrays[f"{tensor['name']}.{stream}"] for stream in tensor["streams"]},
    )


BUILDERS: dict[str, Callable[[Description, Mapping[str, np.ndarray]], Layer]] = {
    "sensor_input": build_input,
    "fastgrnn": build_fastgrnn,
    "fully_connected": build_fully_connected,
}
