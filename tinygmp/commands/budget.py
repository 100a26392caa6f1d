"""`tinygmp budget`: does a packed model fit a board?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinygmp.commands.options import SHIPPED, Json, Model, Quiet, finish

if TYPE_CHECKING:
    from tinygmp.report.rows import Row
    from tinygmp.workflows.budget import BoardBudget, Budget

Boards = Annotated[
    list[str],
    typer.Option("--board", metavar="NAME", help="A board, a .toml file of one, or all; may be repeated."),
]
ReserveFlash = Annotated[
    int,
    typer.Option("--reserve-flash", metavar="BYTES", help="Flash that the rest of the application needs."),
]
ReserveRam = Annotated[
    int, typer.Option("--reserve-ram", metavar="BYTES", help="RAM that the rest of the application needs.")
]
HEAD = ("board", "verdict", "flash", "flash left", "RAM + stack", "RAM left", "measured by")
LARGEST_SYMBOLS = 8


def budget(
    board: Boards,
    model: Model = SHIPPED,
    reserve_flash: ReserveFlash = 0,
    reserve_ram: ReserveRam = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Build a packed model for boards and say whether it fits: exit code 0 if it does on all, 1 if not."""
    from tinygmp.commands import show
    from tinygmp.device.board import board_names
    from tinygmp.workflows.budget import Reserve
    from tinygmp.workflows.budget import budget as budget_model
    from tinygmp.workflows.pretrained import open_network

    boards = list(board_names()) if board == ["all"] else board
    with show.progress(quiet) as on_step:
        result = budget_model(open_network(model), boards, Reserve(reserve_flash, reserve_ram), on_step)
    if as_json:
        show.print_json(document(result))
    else:
        print_budget(result)
    show.complain_of_missing(result.missing)
    finish(result.fits, bool(result.missing))


def document(result: Budget) -> dict[str, Any]:
    """Return a budget as the JSON document of the command."""
    book = result.book
    return {
        "model": result.model,
        "synthetic": result.synthetic,
        "fits": result.fits,
        "boards": result.boards,
        "missing": result.missing,
        "ledger": {
            "payload_bytes": book.payload_bytes,
            "limit_bytes": book.limit_bytes,
            "entropy_limit_bytes": book.entropy_limit_bytes,
            "by_part": book.by_part(),
            "rows": book.rows,
        },
    }


def print_budget(result: Budget) -> None:
    """Print verdicts, then what takes the space."""
    from tinygmp.commands import show
    from tinygmp.report.rows import size

    if result.boards:
        show.print_table(f"'{result.model}' on boards", HEAD, [board_row(board) for board in result.boards])
    if len(result.boards) == 1:
        only = result.boards[0]
        symbols = list(only.by_symbol.items())
        rows = [(name, size(count)) for name, count in symbols[:LARGEST_SYMBOLS]]
        rest = sum(count for _, count in symbols[LARGEST_SYMBOLS:])
        rows += [("other symbols of the model", size(rest))] if rest else []
        rows.append(("start-up and test loop", size(only.support_bytes)))
        show.print_table(f"flash on {only.board}", ("what", "bytes"), rows)
    parts = [(part, size(count)) for part, count in result.book.by_part().items()]
    parts.append(("payload", size(result.book.payload_bytes)))
    parts.append(("information limit", size(round(result.book.limit_bytes))))
    show.print_table(f"payload of '{result.model}'", ("part", "bytes"), parts)


def board_row(board: BoardBudget) -> Row:
    from tinygmp.report.rows import Row, size, used

    flash_left = board.flash_limit_bytes - board.flash_bytes
    ram_left = board.ram_limit_bytes - board.ram_bytes - (board.stack_bytes or 0)
    stack = "" if board.stack_bytes is None else f" + {board.stack_bytes:,}"
    cells = (
        board.board,
        "fits" if board.fits else "does not fit",
        used(board.flash_bytes, board.flash_limit_bytes),
        size(flash_left),
        f"{board.ram_bytes:,}{stack} of {board.ram_limit_bytes:,} B",
        size(ram_left),
        board.measured_by,
    )
    return Row(cells, board.fits)
