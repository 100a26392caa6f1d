"""Every command of the page on continuous integration runs, in a project such as the page describes."""

import os
import re
import shlex
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from converters.base import converter
from tinygmp.budget.project import KEYS, read_project
from tinygmp.cli import main
from tinygmp.device.board import find_board
from tinygmp.device.toolchain import build
from tinygmp.device.tools import require
from tinygmp.graph.file import save_model
from tinygmp.graph.random_model import random_model

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
BOARDS_PAGE = (ROOT / "docs" / "boards.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
FEW_BOARDS = (
    "--board nucleo-g071rb --board esp32-c3"  # in place of all, which takes long where nothing is cached
)


def blocks(language: str, page: str = PAGE) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A project: budgets and boards as documented, a model, its C, and a program."""
    folder = tmp_path_factory.mktemp("project")
    model = random_model(seed=4, hidden=12)
    (folder / "models").mkdir()
    save_model(model, folder / "models" / "gesture.tgmp")
    artifact = converter("c")(model)
    artifact.write(folder / "generated")
    (folder / "firmware.elf").write_bytes(build(artifact, find_board("nucleo-g071rb")).elf)
    (folder / "pyproject.toml").write_text(blocks("toml")[0])
    (folder / "boards.toml").write_text(blocks("toml", BOARDS_PAGE)[1])
    return folder


@pytest.fixture
def project(made, monkeypatch) -> Path:
    monkeypatch.chdir(made)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return made


def run(command: str, monkeypatch) -> int:
    program, *arguments = shlex.split(command.replace("--board all", FEW_BOARDS))
    assert program == "tinygmp"
    monkeypatch.setattr("sys.argv", [program, *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.needs_program("avr-gcc", "simavr")
def test_the_commands_run_in_their_order_and_pass(project, monkeypatch, capsys):
    assert len(COMMANDS) >= 10
    assert [(command, run(command, monkeypatch)) for command in COMMANDS] == [
        (command, 0) for command in COMMANDS
    ]
    assert ElementTree.parse(project / "junit.xml").getroot().attrib["failures"] == "0"
    assert (project / "budget.json").is_file()
    assert "grew" not in capsys.readouterr().out


def test_every_key_of_a_check_is_documented():
    assert all(re.search(rf"\b{key}\b", PAGE) for key in KEYS)


def test_the_documented_project_is_read(project):
    first, second = read_project(project / "pyproject.toml")
    assert [board.name for board in first.boards] == ["field-node", "arduino-uno"]
    assert first.reserve.most_flash_bytes == 6_000
    assert second.given.endswith("firmware.elf")


@pytest.mark.needs_program("avr-gcc", "simavr")
def test_the_github_workflow_runs(project, monkeypatch):
    workflow = yaml.safe_load(blocks("yaml")[0])
    (job,) = workflow["jobs"].values()
    commands = [step["run"] for step in job["steps"] if step.get("run", "").startswith("tinygmp")]
    assert commands
    run("tinygmp budget --check --update-baseline", monkeypatch)
    summary = project / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert [run(command, monkeypatch) for command in commands] == [0] * len(commands)
    assert "flash and RAM" in summary.read_text(encoding="utf-8")
    uploads = [step["with"]["sarif_file"] for step in job["steps"] if "sarif" in step.get("uses", "")]
    assert all((project / name).is_file() for name in uploads)


@pytest.mark.needs_program("avr-gcc", "simavr")
def test_the_gitlab_job_runs(project, monkeypatch):
    (job,) = yaml.safe_load(blocks("yaml")[1]).values()
    run("tinygmp budget --check --update-baseline", monkeypatch)
    install, command = job["script"]
    assert run(command, monkeypatch) == 0
    assert (project / job["artifacts"]["reports"]["junit"]).is_file()
    assert (
        install
        == next(line for line in PAGE.splitlines() if "- run: python -m pip" in line).split("run: ")[1]
    )


def test_extras_that_pages_install_exist():
    """And what they install reads a .tflite file, which the hook and the workflows are asked to."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    asked = re.findall(r"tinygmp\[([\w,]+)\]", PAGE)
    assert asked
    assert all(set(one.split(",")) <= set(extras) for one in asked)
    assert "ai-edge-litert" in extras["tflite"]
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["additional_dependencies"] == [".[device,tflite]"]


@pytest.mark.needs_program("avr-gcc", "simavr")
def test_the_pre_commit_hook_runs(project, monkeypatch):
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    documented = yaml.safe_load(blocks("yaml")[2])
    assert documented["repos"][0]["hooks"] == [{"id": hook["id"]}]
    run("tinygmp budget --check --update-baseline", monkeypatch)
    assert run(hook["entry"], monkeypatch) == 0
    wanted = re.compile(hook["files"])
    touched = ("models/a.tgmp", "b.elf", "pyproject.toml", "sub/boards.toml", "src/main.c", "a.tgmp.txt")
    assert [bool(wanted.search(name)) for name in touched] == [True] * 4 + [False] * 2


CMAKE_PROJECT = """cmake_minimum_required(VERSION 3.13)
project(node LANGUAGES C)
add_executable(firmware main.c)
"""


def test_the_cmake_function_holds_the_program_after_its_link(project, tmp_path):
    """The program is linked for this machine, so a stand-in for tinygmp tells what it was asked."""
    cmake = require("cmake")
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    (tmp_path / "CMakeLists.txt").write_text(CMAKE_PROJECT + blocks("cmake")[0])
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "python3").symlink_to(sys.executable)
    asked = tmp_path / "asked.txt"
    (tools / "tinygmp").write_text(f'#!/bin/sh\necho "$@" > {asked}\nexit ${{TINYGMP_TEST_CODE:-0}}\n')
    (tools / "tinygmp").chmod(stat.S_IRWXU)
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    def make(*arguments: str, **more: str) -> int:
        done = subprocess.run(
            [cmake, *arguments], cwd=tmp_path, env={**environment, **more}, capture_output=True
        )
        return done.returncode

    assert make("-S", ".", "-B", "build") == 0
    assert make("--build", "build", TINYGMP_TEST_CODE="1") != 0
    assert make("--build", "build") == 0
    artifact, *options = asked.read_text().split()[1:]
    assert Path(artifact).name == "firmware"
    assert " ".join(options) == "--board field-node --boards boards.toml --reserve-ram 1024 --quiet"
