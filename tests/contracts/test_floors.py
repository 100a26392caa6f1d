"""Imports go downward only, and the contracts that say so do catch what they forbid."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("tinygmp", "har", "converters")
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the packages below a folder, which must come before the installed ones."""
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_floors_hold():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_every_room_stands_on_a_floor():
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    layers = contracts["importlinter:contract:floors"]["layers"]
    placed = {room.strip() for layer in layers.split("\n") for room in layer.split(":")}
    entries = (ROOT / "tinygmp").iterdir()
    rooms = {entry.stem for entry in entries if (entry / "__init__.py").is_file() or entry.suffix == ".py"}
    assert {f"tinygmp.{room}" for room in rooms - {"__init__"}} <= placed
    assert {"har", "converters"} <= placed


@pytest.fixture
def copied(tmp_path):
    """The packages in a folder of their own."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "forbidden", "contract"),
    [
        ("tinygmp/graph/model.py", "torch", "Neither torch nor TensorFlow"),
        ("converters/to_c/convert.py", "tensorflow", "Neither torch nor TensorFlow"),
        ("tinygmp/graph/model.py", "converters.base", "Imports go downward only"),
        ("converters/files.py", "tinygmp.commands.show", "Imports go downward only"),
        ("converters/to_c/convert.py", "converters.to_onnx.graph", "Converters never import each other"),
        ("tinygmp/device/lab.py", "converters.base", "The device lab knows neither"),
        ("tinygmp/prune/mask.py", "tinygmp.device.board", "Training knows neither"),
    ],
)
def test_a_forbidden_import_is_caught(copied, module, forbidden, contract):
    path = copied / module
    path.write_text(f"import {forbidden}\n{path.read_text()}")
    done = lint(copied)
    assert done.returncode != 0
    assert any(contract in line and "BROKEN" in line for line in done.stdout.splitlines())
