"""A PackedImageModel as plain data and named arrays, and back: the second kind of .tgmp file (docs/tgmp.md)."""

from collections.abc import Mapping

import numpy as np

from tinygmp.errors import FileFormatError
from tinygmp.packed.description import (
    Arrays,
    Description,
    build_tensor,
    describe_tensor,
    integer,
    name_of,
    number,
    provenance_of,
    text,
    texts,
)
from tinygmp.packed.image_model import (
    Activation,
    Conv2d,
    DepthwiseConv2d,
    GlobalAveragePool,
    ImageClassifier,
    ImageLayer,
    PackedImageModel,
)

LinearKind = type[Conv2d] | type[DepthwiseConv2d] | type[ImageClassifier]
LINEAR_KINDS: dict[str, LinearKind] = {
    "conv2d": Conv2d,
    "depthwise_conv2d": DepthwiseConv2d,
    "image_classifier": ImageClassifier,
}
POOL_KIND = "global_average_pool"
MOST_IMAGE_LAYERS = 1024
IMPLIED_ROUNDING, IMPLIED_IN_VERSION = "gemmlowp", 2


def describe_images(model: PackedImageModel) -> tuple[Description, Arrays]:
    """Return JSON-ready data and the arrays it refers to by name."""
    arrays: Arrays = {}
    description = {
        "name": model.name,
        "labels": list(model.labels),
        "size": model.size,
        "channels": model.channels,
        **({} if model.rounding == IMPLIED_ROUNDING else {"rounding": model.rounding}),
        "provenance": dict(sorted(model.provenance.items())),
        "layers": [describe_image_layer(layer, arrays) for layer in model.layers],
    }
    return description, arrays


def build_images(description: Description, arrays: Mapping[str, np.ndarray]) -> PackedImageModel:
    """Return the model that `describe_images` described; raises KeyError, TypeError or TinyGmpError."""
    layers = description["layers"]
    if not isinstance(layers, list) or len(layers) > MOST_IMAGE_LAYERS:
        raise FileFormatError(f"layers must be a list of at most {MOST_IMAGE_LAYERS}")
    rounding = (
        IMPLIED_ROUNDING if description["version"] == IMPLIED_IN_VERSION else text(description, "rounding")
    )
    return PackedImageModel(
        name=text(description, "name"),
        size=integer(description, "size"),
        channels=integer(description, "channels"),
        layers=tuple(build_image_layer(layer, arrays, rounding) for layer in layers),
        labels=texts(description, "labels"),
        provenance=provenance_of(description),
    )


def describe_image_layer(layer: ImageLayer, arrays: Arrays) -> Description:
    if isinstance(layer, GlobalAveragePool):
        return {"kind": POOL_KIND, "name": layer.name}
    arrays[f"{layer.name}.bias"] = layer.bias
    arrays[f"{layer.name}.weight_scales"] = layer.weight_scales
    kind = next(kind for kind, record in LINEAR_KINDS.items() if record is type(layer))
    return {
        "kind": kind,
        "name": layer.name,
        "weights": describe_tensor(layer.weights, arrays),
        "input": describe_activation(layer.input),
        "output": describe_activation(layer.output),
        "activation": layer.activation,
        "kernel": layer.kernel,
        "stride": layer.stride,
        "padding": list(layer.padding),
    }


def describe_activation(activation: Activation) -> Description:
    return {"scale": activation.scale, "zero_point": activation.zero_point}


def build_image_layer(layer: Description, arrays: Mapping[str, np.ndarray], rounding: str) -> ImageLayer:
    kind = text(layer, "kind")
    if kind == POOL_KIND:
        return GlobalAveragePool(name_of(layer))
    if kind not in LINEAR_KINDS:
        raise FileFormatError(
            f"layer kind '{kind[:40]}' is unknown; known: {', '.join((*LINEAR_KINDS, POOL_KIND))}"
        )
    return build_linear(LINEAR_KINDS[kind], layer, arrays, rounding)


def build_linear(
    kind: LinearKind, layer: Description, arrays: Mapping[str, np.ndarray], rounding: str
) -> Conv2d | DepthwiseConv2d | ImageClassifier:
    name = name_of(layer)
    top, bottom, left, right = (integer({"padding": side}, "padding") for side in layer["padding"])
    return kind(
        name=name,
        weights=build_tensor(layer["weights"], arrays),
        weight_scales=arrays[f"{name}.weight_scales"],
        bias=arrays[f"{name}.bias"],
        input=build_activation(layer["input"]),
        output=build_activation(layer["output"]),
        activation=text(layer, "activation"),
        kernel=integer(layer, "kernel"),
        stride=integer(layer, "stride"),
        padding=(top, bottom, left, right),
        rounding=rounding,
    )


def build_activation(fields: Description) -> Activation:
    return Activation(number(fields, "scale"), integer(fields, "zero_point"))
