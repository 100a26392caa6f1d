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
    from tinygmp.errors import ConfigError
    from tinygmp.report.html import write_html
    from tinygmp.report.markdown import write_markdown
    from tinygmp.report.plain import to_plain
    from tinygmp.report.record import read_report
    from tinygmp.report.terminal import print_report

    writers = {".html": write_html, ".md": write_markdown}
    for path in out or []:
        if path.suffix not in writers:
            raise ConfigError(f"'{path}': a report is written as .html or .md; name the file so")
    found = read_report(run / "report.json" if run.is_dir() else run)
    for path in out or []:
        writers[path.suffix](found, path)
    if as_json:
        show.print_json(to_plain(found))
    elif not out:
        print_report(found, show.output())
