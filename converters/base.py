"""The converters by target, loaded only when asked for."""

from collections.abc import Callable
from importlib import import_module

from tinygmp.artifact import Artifact
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel

Convert = Callable[[PackedModel], Artifact]

# Target -> the function that converts a model to it.
CONVERTERS: dict[str, str] = {
    "c": "converters.to_c.convert:convert",
    "arm64": "converters.to_c.neon.convert:convert",
    "tflite": "converters.to_tflite.convert:convert",
    "onnx": "converters.to_onnx.convert:convert",
    "arduino": "converters.to_c.library:convert_to_library",
}
TARGETS = ("c", "tflite", "onnx")  # what 'all' makes: the others are the C files in another form


def converter(target: str) -> Convert:
    """Return the function that converts a packed model to a target; UnsupportedError names the targets there are.

    The function itself raises UnsupportedError for a model that the target does not take.
    """
    if target not in CONVERTERS:
        raise UnsupportedError(f"target '{target}' is unknown; known: {', '.join(CONVERTERS)}")

    def convert_packed(model: PackedModel) -> Artifact:
        module, function = CONVERTERS[target].split(":")
        artifact: Artifact = getattr(import_module(module), function)(model)
        return artifact

    return convert_packed
