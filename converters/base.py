"""The converters by target, loaded only when asked for."""

from collections.abc import Callable
from importlib import import_module

from tinygmp.artifact import Artifact
from tinygmp.errors import UnsupportedError
from tinygmp.packed.model import PackedModel

Convert = Callable[[PackedModel], Artifact]

CONVERTERS = {
    "c": "converters.to_c.convert:convert",
    "tflite": "converters.to_tflite.convert:convert",
    "onnx": "converters.to_onnx.convert:convert",
    "arduino": "converters.to_c.library:convert_to_library",
}
TARGETS = ("c", "tflite", "onnx")  # what 'all' makes: a library folder only holds the C files again


def converter(target: str) -> Convert:
    """Return the function that converts a PackedModel to a target; UnsupportedError names the targets there are."""
    if target not in CONVERTERS:
        raise UnsupportedError(f"target '{target}' is unknown; known: {', '.join(CONVERTERS)}")
    module, function = CONVERTERS[target].split(":")
    convert: Convert = getattr(import_module(module), function)

    def convert_packed(model: PackedModel) -> Artifact:
        if not isinstance(model, PackedModel):
            raise UnsupportedError(
                f"'{type(model).__name__}' cannot be converted to {target}, only a PackedModel; "
                "image networks go to TFLite by converters.to_tflite.images"
            )
        return convert(model)

    return convert_packed
