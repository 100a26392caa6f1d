"""`tinygmp pack`: a packed model in other storage formats."""

from pathlib import Path
from typing import Annotated

import typer

from tinygmp.commands.options import SHIPPED, Json, Model

Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The .tgmp file to write.")]
Index = Annotated[
    list[str] | None,
    typer.Option("--index", metavar="FORMAT", help="Index format to choose from; repeatable."),
]
Values = Annotated[
    list[str] | None,
    typer.Option("--values", metavar="FORMAT", help="Value format to choose from; repeatable."),
]
Core = Annotated[
    str | None,
    typer.Option("--core", metavar="CORE", help="Charge decoder code and cycles as measured on it."),
]
Fastest = Annotated[
    bool, typer.Option("--fastest", help="Fewest cycles instead of fewest bytes; needs --core.")
]
MostCycles = Annotated[
    float | None,
    typer.Option("--most-cycles", metavar="N", help="Fewest bytes within N cycles a pass over all weights."),
]


def pack(
    out: Out,
    model: Model = SHIPPED,
    index: Index = None,
    values: Values = None,
    core: Core = None,
    fastest: Fastest = False,
    most_cycles: MostCycles = None,
    as_json: Json = False,
) -> None:
    """Store a packed model in other formats; its answers stay the same."""
    from tinygmp.commands import show
    from tinygmp.graph.file import save_model
    from tinygmp.pack.repack import Wish, repack
    from tinygmp.shipped import open_model
    from tinygmp.sparse.decode_cost import measured_cost

    cost = measured_cost(core) if core else None
    wish = Wish(index, tuple(values or ("int8",)), fastest, most_cycles, cost)
    before = open_model(model)
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
        told += f"; on {core} decoders {packed.code_bytes:,} B and {packed.cycles:,.0f} cycles or instructions a pass"
    show.output().print(told, markup=False)
