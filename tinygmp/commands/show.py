"""How commands speak: results on standard output, progress and complaints on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tinygmp.report.plain import to_plain

if TYPE_CHECKING:
    from rich.console import Console

    from tinygmp.progress import OnStep

INTERRUPTED = 130  # what shells expect of Ctrl-C
PIPE_COLUMNS = 180  # nobody folds a pipe: tables take the width that they need


def output() -> Console:
    """Return the console of results: colours and the window's width on a terminal, neither in a pipe."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_COLUMNS)


def print_json(content: Mapping[str, Any]) -> None:
    """Print one JSON document on standard output."""
    print(json.dumps(to_plain(content), indent=2, allow_nan=False))


def complain(sentence: str) -> None:
    """Print one error on standard error."""
    print(f"tinygmp: {sentence}", file=sys.stderr)


def complain_of_missing(missing: Mapping[str, str]) -> None:
    """Tell what was not run for want of a tool."""
    for name, reason in missing.items():
        complain(f"{name} was not run: {reason}")


@contextmanager
def progress(quiet: bool = False) -> Iterator[OnStep]:
    """Give a function that moves a bar on standard error; none is shown in a pipe."""
    from rich.console import Console

    from tinygmp.progress import silent

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield silent
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        BarColumn(bar_width=24),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("", total=1)

        def show(what: str, done: int, total: int) -> None:
            bars.update(task, description=what, completed=done, total=max(total, 1))

        yield show


@contextmanager
def resumable(command: str) -> Iterator[None]:
    """Tell a user who stops the work that the same command continues it; the exit code is that of Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        import typer

        complain(f"stopped; what was done is kept, and `{command}` continues")
        raise typer.Exit(INTERRUPTED) from None


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str] | Any]) -> None:
    """Print rows, plain or with a verdict, as one table."""
    from tinygmp.report.rows import Row
    from tinygmp.report.terminal import table

    shown = [row if isinstance(row, Row) else Row(tuple(row)) for row in rows]
    output().print(table(title, head, shown))


def print_synthetic(text: str = "") -> None:
    """Print the banner of synthetic data."""
    from tinygmp.report.rows import SYNTHETIC_BANNER
    from tinygmp.report.terminal import print_banner

    print_banner(output(), text or SYNTHETIC_BANNER)
