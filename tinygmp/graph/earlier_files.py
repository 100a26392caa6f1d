"""Descriptions of .tgmp versions 1 to 3 as today's graph: chains of sensor windows, and of images.

Version 1 holds (sensor input, FastGRNN, fully connected); version 2 image networks that round as gemmlowp does;
version 3 image networks that tell their rounding.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygmp.errors import FileFormatError
from tinygmp.graph.description import provenance_of
from tinygmp.graph.fields import Description, integer, integers, items, number, table, text, texts
from tinygmp.graph.model import MOST_NODES, Node, PackedModel
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fastgrnn import FastGrnn
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.limits import named_limits
from tinygmp.graph.operators.pixel_input import PixelInput
from tinygmp.graph.operators.pool import GlobalAveragePool
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.operators.window import Window
from tinygmp.graph.records import build_record, build_tensor
from tinygmp.graph.values import Value
from tinygmp.graph.window_chain import window_chain

WINDOWS_VERSION, IMAGES_VERSION, ROUNDED_IMAGES_VERSION = 1, 2, 3
IMPLIED_ROUNDING = "gemmlowp"
Arrays = Mapping[str, np.ndarray]


def build_earlier(description: Description, arrays: Arrays) -> PackedModel:
    """Return the graph of a description of version 1, 2 or 3; raises KeyError, TypeError or TinyGmpError."""
    if description["version"] == WINDOWS_VERSION:
        return build_windows(description, arrays)
    return build_images(description, arrays)


def build_windows(description: Description, arrays: Arrays) -> PackedModel:
    sensor, cell, classifier = (table(layer, "layers") for layer in items(description["layers"], "layers"))
    kinds = (sensor["kind"], cell["kind"], classifier["kind"])
    if kinds != ("sensor_input", "fastgrnn", "fully_connected"):
        raise FileFormatError(f"layers {kinds} are not the chain of version {WINDOWS_VERSION}")
    weights = build_tensor(table(classifier["weights"], "weights"), arrays)
    name = text(classifier["name"], "name")
    return window_chain(
        name=text(description["name"], "name"),
        sensor=build_record(SensorInput, sensor, text(sensor["name"], "name"), arrays),
        cell=build_record(FastGrnn, cell, text(cell["name"], "name"), arrays),
        classifier=FullyConnected(
            weights, np.full(weights.shape[0], weights.scale, np.float32), arrays[f"{name}.bias"]
        ),
        scales=(number(sensor["scale"], "scale"), number(cell["state_scale"], "state_scale"),
                number(classifier["scale"], "scale")),
        labels=texts(description["labels"], "labels"),
        steps=integer(description["steps"], "steps"),
        provenance=provenance_of(description),
        node_names=(text(sensor["name"], "name"), text(cell["name"], "name"), name),
    )  # fmt: skip


def build_images(description: Description, arrays: Arrays) -> PackedModel:
    layers = items(description["layers"], "layers")
    if len(layers) > MOST_NODES:
        raise FileFormatError(f"layers must be a list of at most {MOST_NODES}")
    implied = description["version"] == IMAGES_VERSION
    rounding = IMPLIED_ROUNDING if implied else text(description["rounding"], "rounding")
    size, channels = integer(description["size"], "size"), integer(description["channels"], "channels")
    chain = ImageChain((size, size, channels), table(layers[0], "layers")["input"], rounding, arrays)
    for layer in layers:
        chain.add(table(layer, "layers"))
    return PackedModel(
        name=text(description["name"], "name"),
        values={value.name: value for value in chain.values},
        inputs=("pixels",),
        nodes=tuple(chain.nodes),
        outputs=(chain.values[-1].name,),
        labels=texts(description["labels"], "labels"),
        provenance=provenance_of(description),
    )


class ImageChain:
    """Nodes and values so far; each layer reads what the one before it wrote."""

    def __init__(self, shape: tuple[int, ...], meaning: Any, rounding: str, arrays: Arrays) -> None:
        self.rounding, self.arrays = rounding, arrays
        self.values = [Value("pixels", shape, "uint8")]
        self.nodes: list[Node] = []
        self.write("input", PixelInput(), shape, table(meaning, "input"))

    def write(self, name: str, operator: Any, shape: tuple[int, ...], meaning: Description) -> None:
        """Add a node and the value it writes, whose name is that of the node with '_out'."""
        scale, zero_point = number(meaning["scale"], "scale"), integer(meaning["zero_point"], "zero_point")
        value = Value(f"{name}_out", shape, "int8", scale, zero_point)
        self.nodes.append(Node(name, operator, (self.values[-1].name,), (value.name,)))
        self.values.append(value)

    def add(self, layer: Description) -> None:
        kind, name, before = text(layer["kind"], "kind"), text(layer["name"], "name"), self.values[-1]
        if kind == "global_average_pool":
            same = {"scale": before.scale, "zero_point": before.zero_point}
            self.write(name, GlobalAveragePool(), (1, 1, before.channels), same)
            return
        if kind not in ("conv2d", "depthwise_conv2d", "image_classifier"):
            raise FileFormatError(f"layer kind '{kind[:40]}' is unknown in this version")
        self.expect_meaning(name, table(layer["input"], "input"), before)
        common: dict[str, Any] = {
            "weights": build_tensor(table(layer["weights"], "weights"), self.arrays),
            "weight_scales": self.arrays[f"{name}.weight_scales"],
            "bias": self.arrays[f"{name}.bias"],
            "limits": named_limits(text(layer["activation"], "activation")),
            "rounding": self.rounding,
        }
        outputs = common["weights"].shape[0]
        if kind == "image_classifier":
            self.write(name, FullyConnected(**common), (outputs,), table(layer["output"], "output"))
            return
        kernel, stride = integer(layer["kernel"], "kernel"), integer(layer["stride"], "stride")
        top, bottom, left, right = integers(layer["padding"], "padding")
        window = Window((kernel, kernel), (stride, stride), (1, 1), (top, bottom, left, right))
        operator = (Conv2d if kind == "conv2d" else DepthwiseConv2d)(**common, window=window)
        shape = (*window.output(before.shape[0], before.shape[1]), outputs)
        self.write(name, operator, shape, table(layer["output"], "output"))

    def expect_meaning(self, name: str, given: Description, before: Value) -> None:
        if (given["scale"], given["zero_point"]) != (before.scale, before.zero_point):
            raise FileFormatError(f"layer '{name}': its input scale is not the output scale before it")
