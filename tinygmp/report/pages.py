"""A report as a file, of the kind that the file's name says."""

from collections.abc import Callable
from pathlib import Path

from tinygmp.errors import ConfigError
from tinygmp.report.html import write_html
from tinygmp.report.markdown import write_markdown
from tinygmp.report.record import Report

WRITERS: dict[str, Callable[[Report, Path], Path]] = {".html": write_html, ".md": write_markdown}


def page_writer(path: Path) -> Callable[[Report, Path], Path]:
    """Return what writes a report to a file of this name; raises ConfigError for an ending that is none."""
    if path.suffix not in WRITERS:
        raise ConfigError(f"'{path}': a report is written as .html or .md; name the file so")
    return WRITERS[path.suffix]
