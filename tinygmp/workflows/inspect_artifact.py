"""What lies in whatever a user gave: a packed model, generated C, a built program, a .tflite or an .onnx file."""

from tinygmp.workflows.artifact_kind import kind_of
from tinygmp.workflows.inspect import Inspection
from tinygmp.workflows.inspect_file import FileInspection


def inspect_artifact(given: str) -> Inspection | FileInspection:
    """Return what a file, folder or shipped model holds; raises ConfigError or FileFormatError."""
    kind, path = kind_of(given)
    if kind == "tflite":
        from tinygmp.workflows.inspect_tflite import inspect_tflite

        return inspect_tflite(path)
    if kind == "onnx":
        from tinygmp.workflows.inspect_onnx import inspect_onnx

        return inspect_onnx(path)
    if kind in ("elf", "c"):
        from tinygmp.workflows.inspect_program import inspect_c, inspect_elf

        return inspect_elf(path) if kind == "elf" else inspect_c(path)
    from tinygmp.workflows.inspect import inspect
    from tinygmp.workflows.pretrained import open_network

    return inspect(open_network(str(path)))
