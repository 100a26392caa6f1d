"""`tinygmp pack-images`: published image weights as a packed network."""

from pathlib import Path
from typing import Annotated

import typer

from tinygmp.commands.options import Json, Quiet

Weights = Annotated[
    Path,
    typer.Argument(metavar="WEIGHTS", help="A .npz, .h5, .tflite, .onnx, .safetensors, .pt or .pth file."),
]
Pictures = Annotated[
    Path,
    typer.Option("--images", metavar="FOLDER", help="Pictures like those the network will see, unlabelled."),
]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The .tgmp file to write.")]
Size = Annotated[
    int | None,
    typer.Option("--size", metavar="PIXELS", help="Rows and columns, where the file does not tell."),
]
Mean = Annotated[
    list[float] | None,
    typer.Option(
        "--mean", help="Subtracted from pixels in 0..1 in training; once, or for each channel. [0.5]"
    ),
]
Std = Annotated[list[float] | None, typer.Option("--std", help="What pixels were divided by then. [0.5]")]
Sparsity = Annotated[
    float, typer.Option("--sparsity", help="Fraction of zeros; above 0 the rest is fitted to the pictures.")
]
Rounding = Annotated[
    str,
    typer.Option(
        "--rounding", help="fp32 to answer as LiteRT does on a phone, gemmlowp as TFLite Micro does."
    ),
]
SkipCorrupt = Annotated[
    bool,
    typer.Option("--skip-corrupt", help="Leave out pictures that cannot be decoded; else they are an error."),
]
Labels = Annotated[Path | None, typer.Option("--labels", metavar="FILE", help="Class names, one a line.")]


def pack_images(
    weights: Weights,
    images: Pictures,
    out: Out,
    size: Size = None,
    mean: Mean = None,
    std: Std = None,
    sparsity: Sparsity = 0.0,
    labels: Labels = None,
    skip_corrupt: SkipCorrupt = False,
    rounding: Rounding = "fp32",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Prune and pack image weights that others trained, with some hundred pictures and no training set."""
    from tinygmp.commands import show
    from tinygmp.graph.file import save_model
    from tinygmp.graph.ledger import ledger
    from tinygmp.projects.pack_images import meaning_of, read_labels
    from tinygmp.projects.pack_images import pack_images as workflow

    meaning = meaning_of(size, mean or [0.5], std or [0.5])
    names = None if labels is None else read_labels(labels)
    with show.progress(quiet) as on_step:
        model = workflow(weights, images, meaning, sparsity, names, rounding, on_step, skip_corrupt)
    save_model(model, out)
    found = {
        "model": model.name,
        "file": str(out),
        "size": model.input.shape[0],
        "classes": len(model.labels),
        "weights": model.weight_count,
        "nnz": model.nnz,
        "payload_bytes": ledger(model).payload_bytes,
        "file_bytes": out.stat().st_size,
        "mean": meaning.mean,
        "std": meaning.std,
        "rounding": rounding,
        "pictures": int(model.provenance["pictures"]),
    }
    if as_json:
        show.print_json(found)
    else:
        show.print_table(
            f"'{model.name}'", ("what", "value"), [(key, told(value)) for key, value in found.items()]
        )


def told(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
