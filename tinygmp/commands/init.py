"""`tinygmp init`: look at recordings and write a recipe for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygmp.commands.options import Json, Quiet

if TYPE_CHECKING:
    from tinygmp.data.look import Look

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
Picture = Annotated[
    Path | None,
    typer.Option("--picture", metavar="FILE", help="Draw a recording of each class as .png."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the recipe.")]


MOST_CHANNELS, NARROWEST, WIDEST = 9, 8, 40  # of the picture in the terminal


def init(
    data: Data = None,
    out: Out = Path("model.toml"),
    label: Label = "",
    example: Example = None,
    picture: Picture = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look at your recordings and write a commented recipe for them."""
    from tinygmp.commands import show
    from tinygmp.errors import ConfigError
    from tinygmp.projects.init import write_example_recipe, write_recipe

    if (data is None) == (example is None):
        raise ConfigError("give your recordings with --data PATH, or --example FOLDER for synthetic ones")
    with show.progress(quiet) as on_step:
        if data is not None:
            found = write_recipe(data, out, label, force, on_step)
        else:
            found = write_example_recipe(example or Path(), out, label, force, on_step)
    if picture is not None:
        from tinygmp.projects.data_picture import write_picture

        write_picture(found, picture)
    if as_json:
        show.print_json({"recipe": str(out), **summary(found), "warnings": found.warnings})
        return
    if found.synthetic:
        show.print_synthetic()
    rows = [(name, f"{value}") for name, value in summary(found).items()]
    show.print_table(f"'{found.layout.path}'", ("seen", ""), rows)
    print_examples(found)
    for warning in found.warnings:
        show.complain(warning)
    if picture is not None:
        show.output().print(f"wrote '{picture}'", markup=False)
    show.output().print(f"wrote '{out}'; look into it, then: tinygmp train {out}", markup=False)


def print_examples(found: Look) -> None:
    """Print a window of each class, a line of blocks for each channel over time, one scale a channel."""
    from tinygmp.commands import show
    from tinygmp.report.sparkline import sparkline

    channels = found.layout.channels[:MOST_CHANNELS]
    widest = max(len(name) for name in found.examples)
    width = max(NARROWEST, min(WIDEST, (show.output().width - widest) // len(channels) - 3))
    shown = {name: values[: found.layout.window_steps] for name, values in found.examples.items()}
    reach = [
        (min(values[:, index].min() for values in shown.values()),
         max(values[:, index].max() for values in shown.values()))
        for index in range(len(channels))
    ]  # fmt: skip
    rows = [
        (name, *(sparkline(values[:, index], width, *reach[index]) for index in range(len(channels))))
        for name, values in shown.items()
    ]
    more = (
        f", {len(channels)} of {len(found.layout.channels)} channels"
        if len(channels) < len(found.layout.channels)
        else ""
    )
    show.print_table(f"a window of each class over time{more}", ("", *channels), rows)


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
        "samples a second": f"{found.rate_hz:g}"
        if found.rate_hz
        else "unknown: no column tells times, so gaps are not seen; write rate_hz into the recipe"
        if not layout.time_column and not ready
        else "unknown",
        "windows": f"{found.windows} of {layout.window_steps} rows" + every,
        "kept together in the split": f"{together}, {found.groups} groups",
    }
