"""A sample of the damaged files that scripts/fuzz_tgmp.py makes, and the forgeries it found."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from tinygmp.errors import FileFormatError
from tinygmp.graph.file import from_bytes, to_bytes
from tinygmp.graph.random_model import random_model

SCRIPT = Path(__file__).parents[2] / "scripts" / "fuzz_tgmp.py"


@pytest.fixture(scope="module")
def fuzzer():
    spec = importlib.util.spec_from_file_location("fuzz_tgmp", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz_tgmp"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fuzz_tgmp"]


def test_a_sample_of_damaged_files(fuzzer):
    tally = fuzzer.fuzz(range(10**6, 10**6 + 1500))
    assert tally.failures == []
    assert tally.outcomes.total() == 1500
    reached = ("not a complete", "digest", "invalid description", "invalid model")
    assert all(any(word in outcome for outcome in tally.outcomes) for word in reached)
    assert tally.outcomes["accepted"] > 50  # damage that leaves a valid model reaches the engine


def test_a_failure_is_told_and_ends_with_1(fuzzer, monkeypatch, capsys):
    def broken(content: bytes, source: str) -> None:
        raise OverflowError("not one of ours")

    monkeypatch.setattr(fuzzer, "from_bytes", broken)
    assert fuzzer.main(["--files", "3"]) == 1
    assert "OverflowError: not one of ours" in capsys.readouterr().out


def test_honest_files_hold_every_format(fuzzer):
    models = [from_bytes(content, "honest") for content in fuzzer.honest_files()]
    cells = [model.node("rnn").operator for model in models]
    count = len(fuzzer.INDEX_FORMATS)
    assert {cell.u.index_format for cell in cells[:count]} == set(fuzzer.INDEX_FORMATS)
    assert {cell.u.second.value_format for cell in cells[count:]} == set(fuzzer.VALUE_FORMATS)


def forge(fuzzer, change) -> bytes:
    text, arrays = fuzzer.opened(to_bytes(random_model(5, hidden=16)))
    description = json.loads(text)
    change(description)
    return fuzzer.sealed(json.dumps(description), arrays)


def cell(description) -> dict:
    return description["nodes"][1]["fields"]


FORGERIES = {
    "infinite steps": lambda d: d.update(steps=float("inf")),
    "steps with a fraction": lambda d: d.update(steps=12.5),
    "true is no number": lambda d: d.update(steps=True),
    "scale is not a number": lambda d: d["values"][-1].update(scale=float("nan")),
    "scale is zero": lambda d: cell(d)["u"].update(scale=0),
    "scale beyond a double": lambda d: cell(d)["u"].update(scale=10**400),
    "statement as a name": lambda d: cell(d)["u"].update(name="u[1]; int main(void) {} //"),
    "labels in one text": lambda d: d.update(labels="ab"),
    "half a character": lambda d: d.update(labels=["\ud800", "b"]),
    "half a character in provenance": lambda d: d["provenance"].update({"\ud800": "b"}),
    "provenance is a list": lambda d: d.update(provenance=["a"]),
    "requantizer with another field": lambda d: cell(d).update(pre_requantizer={"factor": 1}),
    "text without end": lambda d: d["provenance"].update(data="x" * 100_000),
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_description_is_refused_in_one_sentence(fuzzer, change):
    with pytest.raises(FileFormatError, match="'forged'") as told:
        from_bytes(forge(fuzzer, change), "forged")
    assert len(str(told.value)) < 600


@pytest.mark.parametrize("text", ["", "[]", "3", "[" * 100_000, '{"version": 1', '{"version": "1"}', "null"])
def test_a_description_that_is_no_object_is_refused(fuzzer, text):
    _, arrays = fuzzer.opened(to_bytes(random_model(5, hidden=16)))
    with pytest.raises(FileFormatError, match="'forged'"):
        from_bytes(fuzzer.sealed(text, arrays), "forged")
