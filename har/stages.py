"""The stages of a run: a progress bar with an estimate for each, and the seconds that each took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Show = Callable[[int, int, str], None]  # done, of, what is being done


class Stages:
    """Shows one bar after another on standard error and remembers `seconds` by stage."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, title: str) -> Iterator[Show]:
        """Time a stage and show its bar; the yielded function moves it."""
        started = time.monotonic()
        columns = (
            TextColumn("[bold]{task.description:<32}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task(title, total=1, note="")

            def show(done: int, total: int, note: str = "") -> None:
                progress.update(task, completed=done, total=total, note=note)

            yield show
            total = progress.tasks[0].total or 1
            progress.update(task, completed=total, note="")
        self.seconds[name] = round(time.monotonic() - started, 2)
