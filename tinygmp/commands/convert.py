"""`tinygmp convert`: a packed model to C, to a library for Arduino, PlatformIO and CMake, to TFLite or ONNX."""

from pathlib import Path
from typing import Annotated

import typer

from tinygmp.commands import completion
from tinygmp.commands.options import SHIPPED, Json, Model, Quiet

Targets = Annotated[
    list[str],
    typer.Option(
        "--to",
        metavar="TARGET",
        autocompletion=completion.targets,
        help="c, arm64, arduino, tflite, onnx or all (c, tflite, onnx); may be repeated.",
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the files.")]


def convert(
    to: Targets, model: Model = SHIPPED, out: Out = Path("."), as_json: Json = False, quiet: Quiet = False
) -> None:
    """Convert a packed model to C, to a library for Arduino, PlatformIO and CMake (arduino), to TFLite or ONNX."""
    from converters.files import convert as convert_model
    from tinygmp.commands import show
    from tinygmp.report.rows import size
    from tinygmp.shipped import open_model

    with show.progress(quiet) as on_step:
        packed = open_model(model)
        converted = convert_model(packed, to, out, on_step)
    if as_json:
        artifacts = {
            one.artifact.target: {
                "entry_point": str(one.paths[0]),
                "file_bytes": one.artifact.file_bytes,
                "files": [str(path) for path in one.paths],
                "notes": one.artifact.notes,
            }
            for one in converted
        }
        show.print_json({"model": packed.name, "synthetic": packed.synthetic, "artifacts": artifacts})
        return
    if packed.synthetic:
        show.print_synthetic("SYNTHETIC MODEL: trained on synthetic data; the files say so too.")
    rows = [
        (one.artifact.target, str(path), size(len(one.artifact.files[str(path.relative_to(one.folder))])))
        for one in converted
        for path in one.paths
    ]
    show.print_table(f"'{packed.name}' converted", ("target", "file", "size"), rows)
