"""`tinygmp init`: look at recordings and write a recipe for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygmp.commands.options import Json, Quiet

if TYPE_CHECKING:
    from tinygmp.workflows.own.look import Look

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="PATH", help="Folder <class>/<recording>.csv, a table with a label column, or .npz."
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The recipe to write, .toml.")]
Label = Annotated[str, typer.Option("--label", metavar="COLUMN", help="The label column of a table.")]
Example = Annotated[
    Path | None,
    typer.Option(
        "--example", metavar="FOLDER", help="First write synthetic recordings into this new folder."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the recipe.")]


def init(
    data: Data = None,
    out: Out = Path("model.toml"),
    label: Label = "",
    example: Example = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look at your recordings and write a commented recipe for them."""
    from tinygmp.commands import show
    from tinygmp.errors import ConfigError, OutputError
    from tinygmp.workflows.own.example import write_example
    from tinygmp.workflows.own.init import write_recipe

    if (data is None) == (example is None):
        raise ConfigError("give your recordings with --data PATH, or --example FOLDER for synthetic ones")
    if out.exists() and not force:
        raise OutputError(f"'{out}' exists; choose another with --out, or overwrite it with --force")
    source = data or write_example(example or Path())
    with show.progress(quiet) as on_step:
        found = write_recipe(source, out, label, force, on_step)
    if as_json:
        show.print_json({"recipe": str(out), **summary(found)})
        return
    if found.synthetic:
        show.print_synthetic()
    rows = [(name, f"{value}") for name, value in summary(found).items()]
    show.print_table(f"'{source}'", ("seen", ""), rows)
    if found.too_short:
        show.complain(
            f"{found.too_short} recordings are shorter than a window of {found.layout.window_steps} rows; `train` "
            "refuses them: delete them, or lower window_steps"
        )
    if found.layout.kind == "npz" and found.groups == found.windows:
        show.complain(
            "the file has no 'groups': windows of one recording or person may be trained on and tested with, which "
            "flatters the accuracy; add an array 'groups' with whom each window is of"
        )
    show.output().print(f"wrote '{out}'; look into it, then: tinygmp train {out}", markup=False)


def summary(found: Look) -> dict[str, object]:
    """Return what `init` saw, in words."""
    layout = found.layout
    ready = layout.kind == "npz"
    every = "" if ready else f", one every {layout.stride_steps}"
    together = "'groups' of the file" if ready else layout.group_by
    return {
        "layout": layout.kind,
        "synthetic": found.synthetic,
        "channels": ", ".join(layout.channels),
        "columns left out": ", ".join(found.ignored) or "none",
        "classes": ", ".join(f"{name} ({count})" for name, count in found.recordings.items()),
        "rows of a recording": f"{min(found.rows)} to {max(found.rows)}",
        "samples a second": f"{found.rate_hz:g}" if found.rate_hz else "unknown",
        "windows": f"{found.windows} of {layout.window_steps} rows" + every,
        "kept together in the split": f"{together}, {found.groups} groups",
    }
