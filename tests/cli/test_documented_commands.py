"""Every command in the documents that speak of commands runs."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from tests.networks_of_others import write_keras, write_keywords
from tests.readers.edgeml_folder import write_grown, write_windows
from tinygmp.data.windows import random_windows
from tinygmp.device.board import board_names
from tinygmp.graph.file import load_model

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("command_line.md", "index.md")
REPORT = Path(__file__).parents[2] / "har" / "pretrained" / "report.json"
COMMANDS = [
    line
    for page in PAGES
    for block in re.findall(r"```sh\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    for line in block.splitlines()
]
FEW_BOARDS = "--board nucleo-g071rb --board esp32-c3"  # in place of all, which takes minutes


def test_there_are_commands():
    assert len(COMMANDS) > 10
    assert {"arduino-uno", "nucleo-g071rb", "ch32v003", "esp32-c3"} <= set(board_names())


@pytest.mark.parametrize("command", COMMANDS)
def test_command_runs(tinygmp, stored, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    np.savez("own.npz", counts=random_windows(load_model(stored), 5).first, labels=np.zeros(5, np.int64))
    if "model.keras" in command:
        write_keras("model.keras", "pictures")
    elif "keywords.onnx" in command:
        write_keywords()
    elif "edgeml/" in command:
        write_grown(Path("edgeml"))
        write_windows(Path("edgeml"), windows=400, steps=32, seed=9)
    program, verb, *arguments = shlex.split(command.replace("--board all", FEW_BOARDS))
    assert program == "tinygmp"
    if verb in ("inspect", "verify") and "MODEL" not in arguments:
        arguments = ["MODEL", *arguments]  # the shipped model has tests of its own
    if verb == "verify" and "--windows" not in arguments:
        arguments += ["--windows", "1"]
    places = {"MODEL": str(stored), "REPORT": str(REPORT)}
    spoken = tinygmp(verb, *(places.get(argument, argument) for argument in arguments))
    if "--port" in arguments:  # there is no board here: tests/device/test_serial.py has a simulated one
        assert "cannot be opened" in spoken.err
        return
    assert spoken.out or verb == "report"
    if spoken.code == 3:
        assert "install" in spoken.err
    else:
        assert spoken.code == 0
