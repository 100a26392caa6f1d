"""Every command in the documents that speak of commands runs."""

import re
import shlex
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

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


def write_networks(command: str) -> None:
    """Write the files of others that the commands name: networks with a clear answer, and samples."""
    rng = np.random.default_rng(0)
    if "model.keras" in command:
        keras = pytest.importorskip("keras", reason="install it with: pip install tensorflow")
        clear = keras.initializers.Constant([8.0, 0.0, -8.0])
        layers = [
            keras.layers.Conv2D(4, 3),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, bias_initializer=clear),
        ]
        keras.Sequential([keras.layers.Input((12, 12, 3)), *layers]).save("model.keras")
        Path("pictures").mkdir()
        for index in range(24):
            pixels = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(Path("pictures", f"{index}.png"))
    elif "keywords.onnx" in command:
        weights = {"w": rng.normal(size=(2, 8)).astype(np.float32), "b": np.array([9, -9], np.float32)}
        node = helper.make_node("Gemm", ["x", *weights], ["y"], transB=1)
        ends = (
            helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, size))
            for name, size in (("x", 8), ("y", 2))
        )
        arrays = [numpy_helper.from_array(array, name) for name, array in weights.items()]
        graph = helper.make_graph([node], "words", *([end] for end in ends), arrays)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), "keywords.onnx")
        np.savez("features.npz", x=rng.normal(size=(40, 8)), labels=np.zeros(40, int))
        Path("words.txt").write_text("yes\nno\n")
    else:
        write_grown(Path("edgeml"))
        write_windows(Path("edgeml"), windows=400, steps=32, seed=9)


def test_there_are_commands():
    assert len(COMMANDS) > 10
    assert {"arduino-uno", "nucleo-g071rb", "ch32v003", "esp32-c3"} <= set(board_names())


@pytest.mark.parametrize("command", COMMANDS)
def test_command_runs(tinygmp, stored, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    np.savez("own.npz", counts=random_windows(load_model(stored), 5).first, labels=np.zeros(5, np.int64))
    if command.startswith("tinygmp pack"):
        write_networks(command)
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
