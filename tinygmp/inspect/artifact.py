"""What lies in whatever a user gave: a packed model, generated C, a built program, a .tflite or an .onnx file."""

from tinygmp.inspect.artifact_kind import kind_of
from tinygmp.inspect.file import FileInspection
from tinygmp.inspect.packed import Inspection


def inspect_artifact(given: str) -> Inspection | FileInspection:
    """Return what a file, folder or shipped model holds; raises ConfigError or FileFormatError."""
    kind, path = kind_of(given)
    if kind == "tflite":
        from tinygmp.inspect.tflite_file import inspect_tflite

        return inspect_tflite(path)
    if kind == "onnx":
        from tinygmp.inspect.onnx_file import inspect_onnx

        return inspect_onnx(path)
    if kind in ("elf", "c"):
        from tinygmp.inspect.c_folder import inspect_c
        from tinygmp.inspect.elf_file import inspect_elf

        return inspect_elf(path) if kind == "elf" else inspect_c(path)
    from tinygmp.inspect.packed import inspect
    from tinygmp.shipped import open_model

    return inspect(open_model(str(path)))
