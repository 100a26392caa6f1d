"""`tinygmp pack`: a network file as a packed model, or a packed model in other storage formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygmp.commands import completion
from tinygmp.commands.options import SHIPPED, Json, Quiet
from tinygmp.commands.pack_network import (
    Agreement,
    Budget,
    Labels,
    Mean,
    Objective,
    Rounding,
    Size,
    SkipCorrupt,
    Sparsity,
    Std,
    goal_of,
    pack_network,
    wish_of,
)

if TYPE_CHECKING:
    from tinygmp.graph.model import PackedModel
    from tinygmp.pack.repack import Wish

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A Keras, TFLite, ONNX, PyTorch or .npz file, a folder of EdgeML matrices, a .tgmp file, or the name of a "
        "model that comes with tinygmp.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="The .tgmp file to write. [the file's name with .tgmp, here]"),
]
Calibrate = Annotated[
    Path | None,
    typer.Option(
        "--calibrate",
        metavar="SAMPLES",
        help="What the network will see: a folder of pictures, an .npz or .npy of samples, or a table with a row a "
        "sample. A part is held apart to check the packed model.",
    ),
]
CountsPerUnit = Annotated[
    list[float] | None,
    typer.Option(
        "--counts-per-unit",
        metavar="N",
        help="Of sensor windows in reals: what the sensor counts for one unit; once, or for each channel.",
    ),
]
Index = Annotated[
    list[str] | None,
    typer.Option(
        "--index",
        metavar="FORMAT",
        autocompletion=completion.index_formats,
        help="Index format to choose from; repeatable.",
    ),
]
Values = Annotated[
    list[str] | None,
    typer.Option(
        "--values",
        metavar="FORMAT",
        autocompletion=completion.value_formats,
        help="Value format to choose from; repeatable.",
    ),
]
Core = Annotated[
    str | None,
    typer.Option(
        "--core",
        metavar="CORE",
        autocompletion=completion.cores,
        help="Charge decoder code and time on it: of a cell that of decoding, of layers all they do.",
    ),
]
Fastest = Annotated[
    bool, typer.Option("--fastest", help="Fewest cycles instead of fewest bytes; needs --core.")
]
MostCycles = Annotated[
    float | None,
    typer.Option("--most-cycles", metavar="N", help="Fewest bytes within N cycles or instructions."),
]


def pack(
    file: File = SHIPPED,
    out: Out = None,
    calibrate: Calibrate = None,
    sparsity: Sparsity = 0.0,
    objective: Objective = "bytes",
    budget: Budget = None,
    size: Size = None,
    mean: Mean = None,
    std: Std = None,
    counts_per_unit: CountsPerUnit = None,
    labels: Labels = None,
    rounding: Rounding = "fp32",
    agreement: Agreement = 99.0,
    skip_corrupt: SkipCorrupt = False,
    index: Index = None,
    values: Values = None,
    core: Core = None,
    fastest: Fastest = False,
    most_cycles: MostCycles = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a packed model of a network file, checked against the float network; or store a packed one in other formats.

    Exit code 1 where the packed model gives too few samples the float network's class.
    """
    from tinygmp.errors import ConfigError
    from tinygmp.pack.repack import Wish, reading_cost
    from tinygmp.shipped import is_packed, model_path, open_model

    path = model_path(file)
    target = out or Path(f"{path.stem}.tgmp")
    if target.resolve() == path.resolve():
        raise ConfigError(f"'{target}' is the file to read; give another with --out")
    if is_packed(path):
        if calibrate is not None or sparsity or budget is not None:
            raise ConfigError(
                f"'{path}' holds integers already: nothing is calibrated or pruned; give the float network"
            )
        before = open_model(str(path))
        cost = reading_cost(before, core) if core else None
        wish_of_storage = Wish(index, tuple(values or ("int8",)), fastest, most_cycles, cost)
        store(before, target, wish_of_storage, core, as_json)
        return
    if index or values or core or fastest or most_cycles:
        raise ConfigError(
            "storage formats are chosen for a packed model: pack the network first, then pack the .tgmp"
        )
    if calibrate is None:
        raise ConfigError(
            f"'{path}' holds floats, whose ranges must be seen: give samples with "
            "--calibrate (a folder of pictures, an .npz, .npy or .csv file)"
        )
    goal = goal_of(sparsity, objective, budget)
    wish = wish_of(
        size, mean, std, sparsity, labels, skip_corrupt, rounding, agreement, counts_per_unit, goal
    )
    pack_network(path, calibrate, target, wish, as_json, quiet)


def store(before: PackedModel, out: Path, wish: Wish, core: str | None, as_json: bool) -> None:
    """Write a packed model in other formats and tell what they take; its answers stay the same."""
    from tinygmp.commands import show
    from tinygmp.graph.file import save_model
    from tinygmp.pack.repack import repack

    packed = repack(before, wish)
    save_model(packed.model, out)
    was = sum(tensor.payload_bytes for tensor in before.tensors())
    if as_json:
        formats = {
            tensor.name: [tensor.index_format, tensor.value_format] for tensor in packed.model.tensors()
        }
        show.print_json(
            {
                "model": before.name,
                "synthetic": before.synthetic,
                "file": str(out),
                "formats": formats,
                "stream_bytes": packed.stream_bytes,
                "stream_bytes_before": was,
                "decoder_bytes": packed.code_bytes,
                "cycles": packed.cycles,
            }
        )
        return
    rows = [
        (tensor.name, tensor.index_format, tensor.value_format, f"{tensor.payload_bytes:,} B")
        for tensor in packed.model.tensors()
    ]
    show.print_table(f"'{before.name}' in '{out}'", ("tensor", "index", "values", "size"), rows)
    told = f"weights {packed.stream_bytes:,} B, before {was:,} B"
    if core:
        what = (
            "cycles or instructions a pass"
            if before.recurrent
            else "instructions predicted, weightless layers left out"
        )
        told += f"; on {core} decoders {packed.code_bytes:,} B and {packed.cycles:,.0f} {what}"
    show.output().print(told, markup=False)
