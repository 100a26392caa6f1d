"""The report as tables on a terminal."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tinygmp.report.record import Report
from tinygmp.report.rows import (
    ARTIFACT_HEAD,
    DEVICE_HEAD,
    FIT_HEAD,
    STAGE_HEAD,
    SYNTHETIC_BANNER,
    Row,
    answer_head,
    answer_rows,
    artifact_rows,
    device_rows,
    fit_rows,
    size,
    stage_rows,
)
from tinygmp.report.words import left_out_sentence, split_sentence, unknown_sentences

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

FIGURE = re.compile(r"–|-?[\d,.]+( (of|\+) [\d,.]+)*( (B|%|sd|MHz))?")


def print_report(report: Report, console: "Console") -> None:
    """Print banner and tables of a report."""
    if report.data.synthetic:
        print_banner(console)
    console.print(
        table(f"{report.name}: from dense to packed ({report.data.name})", STAGE_HEAD, stage_rows(report))
    )
    console.print(split_sentence(report.data), markup=False)
    if report.left_out is not None:
        console.print(left_out_sentence(report), markup=False)
    if report.answers is not None:
        console.print(
            table("test windows, answered as", answer_head(report.answers), answer_rows(report.answers))
        )
    for fit in report.fits:
        console.print(table(f"variants on {fit.board}: those that none beats", FIT_HEAD, fit_rows(fit)))
        for sentence in unknown_sentences(fit.unknown) if fit.unknown else ():
            console.print(sentence, markup=False)
    parts = [Row((part, size(count))) for part, count in report.packed.by_part.items()]
    console.print(table("payload by part", ("part", "bytes"), parts))
    if report.artifacts:
        console.print(table("artifacts against the reference", ARTIFACT_HEAD, artifact_rows(report)))
    if report.devices:
        console.print(table("boards", DEVICE_HEAD, device_rows(report)))


def print_banner(console: "Console", text: str = SYNTHETIC_BANNER) -> None:
    """Print what nobody may overlook."""
    from rich.panel import Panel
    from rich.text import Text

    console.print(Panel(Text(text, justify="center"), style="bold white on red", padding=(1, 2)))


def table(title: str, head: Sequence[str], rows: Sequence[Row]) -> "Table":
    """Return a table: numbers to the right; the second cell is green in rows that passed, red in those that failed."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for index, name in enumerate(head):
        figures = is_numeric([row.cells[index] for row in rows])
        shown.add_column(name, justify="right" if figures else "left", no_wrap=index == 0, overflow="fold")
    for row in rows:
        styles = [""] * len(row.cells)
        if row.passed is not None:
            styles[1] = "green" if row.passed else "bold red"
        shown.add_row(*(Text(cell, style=style) for cell, style in zip(row.cells, styles, strict=True)))
    return shown


def is_numeric(cells: Sequence[str]) -> bool:
    """Return True when every cell is a figure, such as '12', '3.5 %', '4,120 of 65,536 B', or empty of information."""
    return all(FIGURE.fullmatch(cell) for cell in cells)
