"""`tinygmp fit`: which variant of a model of one's own should a board get?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tinygmp.commands import completion
from tinygmp.commands.options import Json, Quiet, finish
from tinygmp.commands.train import Out, Recipe

if TYPE_CHECKING:
    from tinygmp.report.fits import FitFacts

OneBoard = Annotated[
    str,
    typer.Option(
        "--board",
        metavar="BOARD",
        autocompletion=completion.boards,
        help="A board's name, or a .toml of one.",
    ),
]
MaxDrop = Annotated[
    float,
    typer.Option("--max-drop", metavar="POINTS", help="Accuracy to lose at most, against the dense network."),
]
PreferOption = Annotated[
    Literal["smallest", "accurate"], typer.Option("--prefer", help="Of those that fit and keep the accuracy.")
]
Hidden = Annotated[
    list[int] | None,
    typer.Option(
        "--hidden",
        metavar="UNITS",
        help="Units to try; repeatable. Left out: half, once, twice the recipe's.",
    ),
]
Sparsity = Annotated[
    list[float] | None,
    typer.Option("--sparsity", metavar="FRACTION", help="Fractions of zeros to try; repeatable."),
]
Bits = Annotated[
    list[str] | None,
    typer.Option("--bits", metavar="BITS", help="8, 4 or mixed; repeatable. All if left out."),
]
ReserveFlash = Annotated[
    int, typer.Option("--reserve-flash", help="Bytes of flash for the application.", min=0)
]
ReserveRam = Annotated[int, typer.Option("--reserve-ram", help="Bytes of RAM for the application.", min=0)]
RejectOption = Annotated[
    float | None,
    typer.Option(
        "--reject", metavar="SHARE",
        help="Answer 'none of these' to what is unlike training, so that this share of known windows passes, as 0.95.",
    ),
]  # fmt: skip
UnknownOption = Annotated[
    Path | None,
    typer.Option("--unknown", metavar="PATH", help="Recordings of other things, to measure --reject with."),
]


def fit(
    recipe: Recipe,
    board: OneBoard,
    max_drop: MaxDrop = 0.5,
    prefer: PreferOption = "smallest",
    hidden: Hidden = None,
    sparsity: Sparsity = None,
    bits: Bits = None,
    reserve_flash: ReserveFlash = 0,
    reserve_ram: ReserveRam = 0,
    reject: RejectOption = None,
    unknown: UnknownOption = None,
    out: Out = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find the smallest or most accurate variant of your network that fits a board. Exit code 1: none does."""
    from tinygmp.commands import show
    from tinygmp.projects.needs import need_torch
    from tinygmp.projects.recipe import open_recipe
    from tinygmp.report.plain import to_plain

    opened = open_recipe(recipe)
    need_torch()
    from tinygmp.budget.result import Reserve
    from tinygmp.projects.candidates import BITS, SPARSITIES, Wanted
    from tinygmp.projects.fitting import fit as workflow

    wanted = Wanted(
        board, max_drop, prefer, tuple(hidden or ()), tuple(sparsity or SPARSITIES), tuple(bits or BITS),
        Reserve(reserve_flash, reserve_ram), reject, unknown,
    )  # fmt: skip
    with show.resumable(f"tinygmp fit {recipe} --board {board}"), show.progress(quiet) as on_step:
        found = workflow(opened, wanted, out, on_step)
    show.print_json(to_plain(found)) if as_json else print_fitted(found)
    show.complain_of_missing(found.missing)
    finish(found.chosen is not None, bool(found.missing))


def print_fitted(found: FitFacts) -> None:
    from tinygmp.commands import show
    from tinygmp.report.rows import FIT_HEAD, fit_rows

    if found.synthetic:
        show.print_synthetic()
    title = f"'{found.name}' on {found.board}: those of {len(found.variants)} variants that none beats"
    show.print_table(title, FIT_HEAD, fit_rows(found))
    console = show.output()
    one = 100 / found.held_out_windows
    console.print(
        f"dense network: {found.dense_accuracy:.2f} % of {found.held_out_windows} held-out windows; "
        f"one window is {one:.2f} points",
        markup=False,
    )
    console.print(
        f"{f'chosen: {found.chosen}' if found.chosen else 'nothing chosen'}: {found.why}", markup=False
    )
    if found.model:
        console.print(f"on test windows, which decided nothing: {found.test_accuracy:.2f} %", markup=False)
        console.print(
            f"wrote {found.model}; next: tinygmp convert {found.model} --to arduino --out firmware/",
            markup=False,
        )
    if found.unknown is not None:
        from tinygmp.report.words import unknown_sentences

        for sentence in unknown_sentences(found.unknown):
            console.print(sentence, markup=False)
    if found.plot:
        console.print(f"plot: {found.plot}", markup=False)
