"""Failed checks as SARIF 2.1.0, which code scanning shows beside the file that they are about."""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from tinygmp.report.checks import Check

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def to_sarif(tool: str, version: str, rules: Mapping[str, str], checks: Sequence[Check]) -> bytes:
    """Return one run with a result for each failed check; `rules` maps the name of a rule to what it means.

    Skipped checks are notifications of the run, so that nobody takes silence for success.
    """
    order = list(rules)
    failed = [check for check in checks if check.result == "failed"]
    skipped = [check for check in checks if check.result == "skipped"]
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": tool,
                "version": version,
                "rules": [{"id": name, "shortDescription": {"text": text}} for name, text in rules.items()],
            }
        },
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": f"{check.group} {check.name}: {check.text}"}}
                    for check in skipped
                ],
            }
        ],
        "results": [result_of(check, order) for check in failed],
    }
    content = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return (json.dumps(content, indent=2, allow_nan=False) + "\n").encode()


def result_of(check: Check, order: Sequence[str]) -> dict[str, Any]:
    return {
        "ruleId": check.rule,
        "ruleIndex": order.index(check.rule),
        "level": "error",
        "message": {"text": check.text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri_of(check.place)},
                    "region": {"startLine": 1},
                }
            }
        ],
        # The same finding of another run is recognised by what was checked, not by its figures.
        "partialFingerprints": {"check/v1": f"{check.group}/{check.name}/{check.rule}"},
        "properties": dict(check.figures),
    }


def uri_of(place: str) -> str:
    """Return a path as a URI: relative ones stay so, for they start from the repository's root."""
    path = PurePath(place)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
