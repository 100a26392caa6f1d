"""What budgets found as files for continuous integration: JUnit XML, SARIF, GitHub's step summary."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinygmp import __version__
from tinygmp.artifact import write_atomically
from tinygmp.budget.checks import RULES, checks_of, to_summary
from tinygmp.budget.project import Outcome
from tinygmp.errors import OutputError
from tinygmp.report.junit import to_junit
from tinygmp.report.sarif import to_sarif

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True)
class CiFiles:
    """Where results go besides standard output; `summary` appends to the step summary that GitHub names, if it does."""

    junit: Path | None = None
    sarif: Path | None = None
    summary: bool = False


def summary_place() -> str:
    """Return the file of GitHub's step summary; empty outside its actions."""
    return os.environ.get(SUMMARY_VARIABLE, "")


def write_ci_files(outcomes: Sequence[Outcome], files: CiFiles) -> None:
    """Write the files that are asked for; raises OutputError for a place that cannot be written."""
    checks = [check for outcome in outcomes for check in checks_of(outcome)]
    if files.junit is not None:
        write_atomically(files.junit, to_junit("tinygmp budget", checks))
    if files.sarif is not None:
        write_atomically(files.sarif, to_sarif("tinygmp", __version__, RULES, checks))
    if files.summary and summary_place():
        add_summary(to_summary(outcomes))


def add_summary(text: str) -> None:
    place = summary_place()
    try:
        with open(place, "a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise OutputError(f"cannot append to '{place}' of {SUMMARY_VARIABLE}: {error.strerror}") from error
