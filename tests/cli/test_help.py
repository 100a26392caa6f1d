"""Every command's help says what it takes in words, swallows nothing, and the shell completes names."""

import re

import click
import pytest
import typer

from tinygmp.cli import app
from tinygmp.commands import completion
from tinygmp.device.board import board_names

GROUP = typer.main.get_command(app)
COMMANDS = sorted(GROUP.commands)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_whole(tinygmp, name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    told = tinygmp(name, "--help").out
    assert not re.findall(r"--.*(?:<(?:list|tuple)|\| None)", told)
    for parameter in GROUP.commands[name].params:
        for word in re.findall(r"[\w.]+", parameter.help or ""):
            assert word in told, f"{name}: '{word}' of {parameter.name} is swallowed"


def options(kind: str) -> list[tuple[str, click.Parameter]]:
    found = [
        (name, parameter)
        for name in COMMANDS
        for parameter in GROUP.commands[name].params
        if kind in parameter.opts
    ]
    assert found
    return found


@pytest.mark.parametrize(
    ("option", "wanted"),
    [
        ("--board", set(board_names())),
        ("--to", {"c", "arm64", "arduino", "tflite", "onnx", "all"}),
        ("--target", {"c", "tflite", "onnx", "all"}),
        ("--level", {"smallest", "balanced", "fastest"}),
        ("--core", {"cortex-m0plus", "cortex-m4f", "avr5"}),
        ("--index", {"rice", "bitmask", "csr8"}),
        ("--values", {"int8", "codebook16"}),
    ],
)
def test_the_shell_completes_names(option, wanted):
    for name, parameter in options(option):
        if (name, option) == ("inspect", "--core"):
            continue  # which has fewer, see below
        with click.Context(GROUP.commands[name]) as context:
            offered = {item.value for item in parameter.shell_complete(context, "")}
        assert wanted <= offered, f"{name} {option}"


def test_inspect_offers_the_cores_that_have_a_cost_model():
    (core,) = [parameter for name, parameter in options("--core") if name == "inspect"]
    with click.Context(GROUP.commands["inspect"]) as context:
        offered = [item.value for item in core.shell_complete(context, "")]
    assert offered == ["cortex-m0plus", "cortex-m4f", "rv32imc"]


def test_only_what_was_begun_is_offered():
    assert [name for name, _ in completion.boards("arduino-u")] == ["arduino-uno", "arduino-uno-r4"]
    assert [name for name, _ in completion.targets("ar")] == ["arm64", "arduino"]
