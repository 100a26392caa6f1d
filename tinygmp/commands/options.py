"""Arguments that several commands share."""

from typing import Annotated

import typer

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="A .tgmp file, or the name of a model that comes with tinygmp.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
SHIPPED = "har2"

PASSED, FAILED, BAD_INPUT, TOOL_MISSING = 0, 1, 2, 3  # exit codes


def finish(passed: bool, missing: bool = False) -> None:
    """End a command with the exit code of its result: a failed check outweighs a missing tool."""
    if not passed:
        raise typer.Exit(FAILED)
    if missing:
        raise typer.Exit(TOOL_MISSING)
