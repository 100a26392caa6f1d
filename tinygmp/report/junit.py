"""Checks as JUnit XML, which GitLab, Jenkins and GitHub actions show as tests."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from tinygmp.report.checks import Check

# What XML 1.0 cannot hold: control characters and halves of surrogate pairs.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(name: str, checks: Sequence[Check]) -> bytes:
    """Return one test suite of all checks; the same checks always give the same bytes."""
    counts = {
        "tests": len(checks),
        "failures": sum(check.result == "failed" for check in checks),
        "errors": 0,
        "skipped": sum(check.result == "skipped" for check in checks),
    }
    attributes = {key: str(count) for key, count in counts.items()}
    root = ElementTree.Element("testsuites", {"name": clean(name), **attributes})
    suite = ElementTree.SubElement(root, "testsuite", {"name": clean(name), **attributes})
    for check in checks:
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": clean(check.group), "name": clean(check.name), "time": "0"}
        )
        if check.figures:
            kept = ElementTree.SubElement(case, "properties")
            for key, figure in check.figures.items():
                ElementTree.SubElement(kept, "property", {"name": key, "value": str(figure)})
        if check.result == "failed":
            failure = ElementTree.SubElement(
                case, "failure", {"message": clean(check.sentence), "type": check.rule}
            )
            failure.text = clean(check.text)
        elif check.result == "skipped":
            ElementTree.SubElement(case, "skipped", {"message": clean(check.sentence)})
        else:
            ElementTree.SubElement(case, "system-out").text = clean(check.text)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
