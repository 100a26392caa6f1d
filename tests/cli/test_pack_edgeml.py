"""`tinygmp pack` of an EdgeML folder: to the Uno in two commands, and exit code 1 where it loses too much."""

import json

import pytest

from tests.readers.edgeml_folder import write_folder, write_grown, write_windows
from tinygmp.graph.file import load_model


@pytest.mark.needs_program("avr-gcc", "simavr")
def test_an_edgeml_folder_reaches_the_uno_in_two_commands(tinygmp, tmp_path):
    folder = tmp_path / "grown"
    write_grown(folder)
    windows = write_windows(folder, windows=3000, steps=64, seed=11)
    out = tmp_path / "grown.tgmp"
    told = tinygmp(
        "pack",
        folder,
        "--calibrate",
        windows,
        "--counts-per-unit",
        "1000",
        "--agreement",
        "98",
        "--out",
        out,
        "--json",
    )
    assert told.code == 0, told.err
    found = json.loads(told.out)
    assert (found["inputs"], found["classes"], found["held_apart"]) == ({"counts": [3]}, 6, 1024)
    assert found["accuracy_float"] == pytest.approx(found["accuracy_packed"], abs=0.01)
    told = tinygmp(
        "verify", out, "--target", "c", "--board", "arduino-uno", "--windows", "2", "--json", "--quiet"
    )
    assert told.code == 0, told.err
    (uno,) = json.loads(told.out)["devices"]
    assert (uno["mismatches"], uno["fits"]) == (0, True)


def test_below_the_agreement_the_command_fails_and_says_so(tinygmp, tmp_path):
    write_folder(tmp_path / "net", seed=3)
    windows = write_windows(tmp_path / "net")
    out = tmp_path / "net.tgmp"
    given = ("pack", tmp_path / "net", "--calibrate", windows, "--counts-per-unit", "500", "--out", out)
    told = tinygmp(*given, "--agreement", "100")
    assert told.code == 1
    assert "was written, but packing loses too much" in told.err
    assert "of 60 samples held apart get the float network's class, 100 % are wanted" in told.err
    assert load_model(out).labels == tuple("012345")
    assert tinygmp(*given, "--agreement", "0").code == 0
