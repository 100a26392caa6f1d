"""`tinygmp reproduce`: what do the rows of the paper's tables give here?"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tinygmp.commands.options import Json

Row = Annotated[str, typer.Argument(metavar="[ROW]", help="A row's name; left out, the rows are listed.")]
Data = Annotated[
    Path | None, typer.Option("--data", help="Folder of the row's data set, in its ordinary layout.")
]
Out = Annotated[Path, typer.Option("--out", help="Folder for checkpoints and results.")]
Epochs = Annotated[int | None, typer.Option("--epochs", help="Instead of the recipe's.")]
Seed = Annotated[int, typer.Option("--seed")]


def reproduce(
    row: Row = "",
    data: Data = None,
    out: Out = Path("runs/reproduce"),
    epochs: Epochs = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Train a row of the Global MP paper and show expected beside obtained figures. Under torchrun: all processes."""
    from tinygmp.commands import show
    from tinygmp.errors import ConfigError
    from tinygmp.recipes.recipe import recipe, recipe_rows

    if not row:
        rows = [recipe(name) for name in recipe_rows()]
        if as_json:
            show.print_json({"rows": [one.row for one in rows]})
        else:
            show.print_table(f"{len(rows)} rows", ("row", "table"), [(one.row, one.table) for one in rows])
        return
    recipe(row)  # an unknown row is told before the data is asked for
    if data is None:
        raise ConfigError(f"row '{row}' needs data: give its data set's folder with --data")
    from tinygmp.projects.reproduce import reproduce as run_row

    result = run_row(row, data, out, epochs, seed, progress=lambda line: typer.echo(line, err=True))
    if result is not None:
        show.print_json(asdict(result)) if as_json else typer.echo(str(result))
