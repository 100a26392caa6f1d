"""`tinygmp boards`: which boards are known?"""

from typing import Annotated

import typer

from tinygmp.commands.options import Json

Search = Annotated[
    str,
    typer.Argument(
        metavar="[TEXT]",
        help="Only boards whose name, other name, title, chip, core or family contains this.",
    ),
]
HEAD = ("board", "title", "chip", "core", "clock", "flash", "RAM")


def boards(text: Search = "", as_json: Json = False) -> None:
    """List the boards that `budget` and `verify` know."""
    from tinygmp.commands import show
    from tinygmp.device.board import boards_containing
    from tinygmp.device.cores import CORES

    found = boards_containing(text)
    if as_json:
        show.print_json({"boards": found})
        return
    rows = [
        (
            board.name,
            board.title,
            board.mcu,
            board.core if CORES[board.core].has_compiler else f"{board.core} (no compiler)",
            f"{board.clock_hz / 1e6:g} MHz",
            f"{board.flash_bytes:,} B",
            f"{board.ram_bytes:,} B",
        )
        for board in found
    ]
    show.print_table(f"{len(found)} boards", HEAD, rows)
