"""The converters by target, loaded only when asked for."""

from collections.abc import Callable
from importlib import import_module

from tinygmp.artifact import Artifact
from tinygmp.errors import UnsupportedError
from tinygmp.packed.image_model import PackedImageModel
from tinygmp.packed.model import PackedModel
from tinygmp.packed.network import PackedNetwork

Convert = Callable[[PackedNetwork], Artifact]

# Target -> kind of model -> the function that converts it.
CONVERTERS: dict[str, dict[type[PackedNetwork], str]] = {
    "c": {
        PackedModel: "converters.to_c.convert:convert",
        PackedImageModel: "converters.to_c.images:convert_images",
    },
    "tflite": {
        PackedModel: "converters.to_tflite.convert:convert",
        PackedImageModel: "converters.to_tflite.images:convert_images",
    },
    "onnx": {
        PackedModel: "converters.to_onnx.convert:convert",
        PackedImageModel: "converters.to_onnx.images:convert_images",
    },
    "arduino": {PackedModel: "converters.to_c.library:convert_to_library"},
}
TARGETS = ("c", "tflite", "onnx")  # what 'all' makes: a library folder only holds the C files again


def converter(target: str) -> Convert:
    """Return the function that converts a packed model to a target; UnsupportedError names the targets there are.

    The function itself raises UnsupportedError for a kind of model that the target does not take.
    """
    if target not in CONVERTERS:
        raise UnsupportedError(f"target '{target}' is unknown; known: {', '.join(CONVERTERS)}")

    def convert_packed(model: PackedNetwork) -> Artifact:
        kinds = CONVERTERS[target]
        if type(model) not in kinds:
            raise UnsupportedError(
                f"'{type(model).__name__}' cannot be converted to {target}, only a "
                f"{' or '.join(kind.__name__ for kind in kinds)}; pack the network first, or choose another target"
            )
        module, function = kinds[type(model)].split(":")
        artifact: Artifact = getattr(import_module(module), function)(model)
        return artifact

    return convert_packed
