"""`tinygmp train`: a recipe of one's own data to a packed model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygmp.commands.options import Json, Quiet

if TYPE_CHECKING:
    from tinygmp.report.record import Report

Recipe = Annotated[Path, typer.Argument(metavar="RECIPE", help="The .toml that `tinygmp init` wrote.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FOLDER", help="Folder of the run; runs/NAME if left out.")
]

LeaveOneOut = Annotated[
    bool,
    typer.Option(
        "--leave-one-out", help="Also train once without each person or recording, and score on that one."
    ),
]


def train(
    recipe: Recipe,
    out: Out = None,
    leave_one_out: LeaveOneOut = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train your own network: dense, pruned globally, fine-tuned, packed. A stopped run continues."""
    from tinygmp.commands import show
    from tinygmp.projects.needs import need_torch
    from tinygmp.projects.recipe import open_recipe
    from tinygmp.report.plain import to_plain

    opened = open_recipe(recipe)
    need_torch()
    from tinygmp.projects.training_run import train as workflow
    from tinygmp.report.words import counted, left_out_sentence, split_sentence

    with show.resumable(f"tinygmp train {recipe}"), show.progress(quiet) as on_step:
        trained = workflow(opened, out, on_step, leave_one_out)
    if as_json:
        plain = to_plain(trained.report)
        found = {"model": str(trained.path), "notes": trained.notes}
        show.print_json({**found, "report": plain})
        return
    for note in trained.notes:
        show.complain(note)
    if trained.report.data.synthetic:
        show.print_synthetic()
    show.print_table(
        f"'{trained.report.name}'", ("", "held-out, %", "test, %", "weights", "size"), rows_of(trained.report)
    )
    classes = trained.model.labels
    report = trained.report
    assert report.answers is not None
    answers = [
        (name, *(str(count) for count in row))
        for name, row in zip(classes, report.answers.confusion, strict=True)
    ]
    show.print_table("test windows, answered as", ("", *classes), answers)
    console = show.output()
    data = report.data
    parts = ", ".join(
        f"{name} {data.windows[name]} of {counted(data.people[name], data.grouped_by)}"
        for name in data.windows
    )
    console.print(f"windows: {parts}", markup=False)
    console.print(split_sentence(data), markup=False)
    if report.left_out is not None:
        console.print(left_out_sentence(report), markup=False)
    console.print(f"wrote {trained.path}; next: tinygmp fit {recipe} --board arduino-uno", markup=False)


def rows_of(report: Report) -> list[tuple[str, str, str, str, str]]:
    """Return the three networks of a run: accuracies in per cent, weights, payload."""
    sparsity, size = f"{100 * report.pruned.sparsity:.1f} % zeros", f"{report.packed.payload_bytes:,} B"
    networks = (
        ("dense, float", report.dense, report.dense.parameters, ""),
        (f"pruned, {sparsity}, float", report.pruned, report.pruned.nnz, ""),
        ("packed, int8", report.packed, report.packed.nnz, size),
    )
    return [
        (name, f"{one.validation_accuracy or 0:.2f}", f"{one.accuracy:.2f}", f"{weights:,}", bytes_)
        for name, one, weights, bytes_ in networks
    ]
