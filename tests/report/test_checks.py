"""Checks as JUnit XML and SARIF."""

import json
from xml.etree import ElementTree

import pytest

from tinygmp.report.checks import Check
from tinygmp.report.junit import to_junit
from tinygmp.report.sarif import to_sarif, uri_of

RULES = {"too-large": "It is too large.", "grew": "It grew."}
CHECKS = (
    Check("m", "fits a", "too-large", "passed", "10 B left", "models/m.tgmp", (), {"flash_bytes": 90}),
    Check(
        "m", 'fits <b> & "c"', "too-large", "failed", "5 B over\x00\ud800", "models/m 1.tgmp", ("prune 4",)
    ),
    Check("m", "fits d", "grew", "skipped", "no compiler", "models/m.tgmp"),
)


def test_junit_counts_and_escapes():
    content = to_junit("budget", CHECKS)
    root = ElementTree.fromstring(content)
    assert {key: root.attrib[key] for key in ("tests", "failures", "skipped", "errors")} == {
        "tests": "3", "failures": "1", "skipped": "1", "errors": "0",
    }  # fmt: skip
    passed, failed, skipped = root.iter("testcase")
    assert passed.find("properties/property").attrib == {"name": "flash_bytes", "value": "90"}
    assert failed.attrib["name"] == 'fits <b> & "c"'
    assert failed.find("failure").attrib == {"message": "5 B over\ufffd\ufffd", "type": "too-large"}
    assert failed.find("failure").text.endswith("prune 4")
    assert skipped.find("skipped").attrib["message"] == "no compiler"
    assert content == to_junit("budget", CHECKS)


def test_sarif_holds_failures_and_tells_of_what_was_not_run():
    held = json.loads(to_sarif("tinygmp", "1.0", RULES, CHECKS))
    (run,) = held["runs"]
    assert held["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(RULES)
    (result,) = run["results"]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("too-large", 0, "error")
    assert result["message"]["text"].endswith("prune 4")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "models/m%201.tgmp"
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert [note["message"]["text"] for note in notes] == ["m fits d: no compiler"]


@pytest.mark.parametrize(
    ("place", "uri"), [("a/b.tgmp", "a/b.tgmp"), ("/x/ü.tgmp", "file:///x/%C3%BC.tgmp"), ("har2", "har2")]
)
def test_places_are_uris(place, uri):
    assert uri_of(place) == uri


def test_no_checks_give_empty_documents():
    assert ElementTree.fromstring(to_junit("none", ())).attrib["tests"] == "0"
    assert json.loads(to_sarif("t", "1", {}, ()))["runs"][0]["results"] == []
