"""`tinygmp prune`: a trained network of one's own at another sparsity."""

from pathlib import Path
from typing import Annotated

import typer

from tinygmp.commands.options import Json, Quiet
from tinygmp.commands.train import Out, Recipe

Sparsity = Annotated[float, typer.Option("--sparsity", metavar="FRACTION", help="Zeros, 0.95 for 95 %.")]
Epochs = Annotated[int | None, typer.Option("--epochs", help="To prune and fine-tune; 0.3 of the recipe's.")]
File = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="The .tgmp to write; in the run's folder if left out."),
]


def prune(
    recipe: Recipe,
    sparsity: Sparsity,
    epochs: Epochs = None,
    out: Out = None,
    file: File = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Prune your trained network to another sparsity and fine-tune it; trains it first where that is not done."""
    from tinygmp.commands import show
    from tinygmp.projects.needs import need_torch
    from tinygmp.projects.recipe import open_recipe

    opened = open_recipe(recipe)
    need_torch()
    from tinygmp.graph.ledger import ledger
    from tinygmp.projects.further import prune as workflow

    command = f"tinygmp prune {recipe} --sparsity {sparsity:g}"
    with show.resumable(command), show.progress(quiet) as on_step:
        found = workflow(opened, sparsity, epochs, out, file, on_step)
    told = {
        "model": str(found.path),
        "synthetic": found.model.synthetic,
        "sparsity": found.sparsity,
        "nnz": found.model.nnz,
        "payload_bytes": ledger(found.model).payload_bytes,
        "dense_held_out_accuracy": found.dense_accuracy,
        "held_out_accuracy": found.held_out_accuracy,
        "test_accuracy": found.test_accuracy,
    }
    if as_json:
        show.print_json(told)
        return
    if found.model.synthetic:
        show.print_synthetic()
    rows = [
        (name, f"{value:.4g}" if isinstance(value, float) else str(value)) for name, value in told.items()
    ]
    show.print_table(f"'{found.model.name}' pruned", ("", ""), rows)
