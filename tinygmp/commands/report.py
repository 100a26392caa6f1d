"""`tinygmp report`: a run's report.json in the terminal, as a page, or as Markdown."""

from pathlib import Path
from typing import Annotated

import typer

from tinygmp.commands.options import Json

Run = Annotated[Path, typer.Argument(metavar="REPORT", help="report.json of a run, or the run's folder.")]
Outputs = Annotated[
    list[Path] | None, typer.Option("--out", metavar="FILE", help="A .html or .md file; may be repeated.")
]


def report(run: Run, out: Outputs = None, as_json: Json = False) -> None:
    """Show a run's report, or write it as one HTML page or as Markdown."""
    from tinygmp.commands import show
    from tinygmp.report.pages import page_writer
    from tinygmp.report.plain import to_plain
    from tinygmp.report.record import read_report
    from tinygmp.report.terminal import print_report

    writers = [(page_writer(path), path) for path in out or []]
    found = read_report(run)
    for write, path in writers:
        write(found, path)
    if as_json:
        show.print_json(to_plain(found))
    elif not out:
        print_report(found, show.output())
