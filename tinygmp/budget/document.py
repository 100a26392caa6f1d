"""Budgets as the JSON documents that `tinygmp budget --json` prints and that baselines hold."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinygmp.artifact import write_atomically
from tinygmp.budget.project import Check, Outcome
from tinygmp.budget.result import Budget
from tinygmp.errors import ConfigError
from tinygmp.report.plain import to_plain


def budget_document(result: Budget) -> dict[str, Any]:
    """Return what a budget found, without its growth."""
    told: dict[str, Any] = {
        "model": result.model,
        "kind": result.kind,
        "synthetic": result.synthetic,
        "fits": result.fits,
        "boards": result.boards,
        "missing": result.missing,
        "by_part": result.by_part,
        "notes": result.notes,
    }
    if (book := result.book) is not None:
        told["ledger"] = {
            "payload_bytes": book.payload_bytes,
            "limit_bytes": book.limit_bytes,
            "entropy_limit_bytes": book.entropy_limit_bytes,
            "by_part": book.by_part(),
            "rows": book.rows,
        }
    return told


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """Return one budget with its growth, which a later run takes as its baseline."""
    content = budget_document(outcome.budget)
    content["passed"] = outcome.passed
    content["growth"] = outcome.growths
    content["notes"] = (*outcome.budget.notes, *outcome.notes)
    return content


def project_document(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return several budgets as one document, each under the artifact that was given."""
    return {
        "passed": all(outcome.passed for outcome in outcomes),
        "budgets": [{"artifact": outcome.given, **outcome_document(outcome)} for outcome in outcomes],
    }


def write_baselines(checks: Sequence[Check], outcomes: Sequence[Outcome]) -> None:
    """Write what was found to the baseline of each check; several checks may share a file.

    Raises ConfigError where no check names one, OutputError for a place that cannot be written.
    """
    by_file: dict[Path, list[Outcome]] = {}
    for check, outcome in zip(checks, outcomes, strict=True):
        if check.baseline is not None:
            by_file.setdefault(check.baseline, []).append(outcome)
    if not by_file:
        raise ConfigError("no baseline is named: give --baseline FILE, or the key baseline in pyproject.toml")
    for path, held in by_file.items():
        content = json.dumps(to_plain(project_document(held)), indent=2, allow_nan=False)
        write_atomically(path, f"{content}\n".encode())
