"""Budgets in a project's pyproject.toml."""

from pathlib import Path

import pytest

from tinygmp.budget.project import read_project, run_check
from tinygmp.budget.result import Reserve
from tinygmp.errors import ConfigError
from tinygmp.graph.file import save_model

BOARDS = """
[node]
title = "Node"
mcu = "stm32g031"
core = "cortex-m0plus"
clock_hz = 64_000_000
flash_origin = 0x08000000
flash_bytes = 65_536
ram_origin = 0x20000000
ram_bytes = 8_192
"""
WHOLE = """
[project]
name = "firmware"

[tool.tinygmp.budget]
boards = "boards.toml"

[[tool.tinygmp.budget.check]]
model = "small.tgmp"
board = ["node", "uno"]
reserve_flash_bytes = 20_000
reserve_ram_bytes = 500
limit_flash_bytes = 6_000

[[tool.tinygmp.budget.check]]
model = "har2"
board = "nucleo-g071rb"
"""


@pytest.fixture
def project(model, tmp_path) -> Path:
    save_model(model, tmp_path / "small.tgmp")
    (tmp_path / "boards.toml").write_text(BOARDS)
    path = tmp_path / "pyproject.toml"
    path.write_text(WHOLE)
    return path


def test_checks_are_read_from_the_projects_folder(project):
    first, second = read_project(project)
    assert first.given == str(project.parent / "small.tgmp")
    assert [board.name for board in first.boards] == ["node", "arduino-uno"]
    assert first.reserve == Reserve(20_000, 500, 6_000, None)
    assert (second.given, second.reserve) == ("har2", Reserve())


@pytest.mark.needs_program("avr-gcc", "simavr")
def test_a_limit_binds_where_the_board_has_more(project):
    found = run_check(read_project(project)[0])
    assert [board.flash_limit_bytes for board in found.budget.boards] == [6_000, 6_000]
    assert [board.ram_limit_bytes for board in found.budget.boards] == [8_192 - 500, 2_048 - 500]
    assert found.passed
    project.write_text(WHOLE.replace("6_000", "1_500"))
    assert not run_check(read_project(project)[0]).passed


@pytest.mark.needs_program("avr-gcc", "simavr")
def test_a_reserve_binds_where_it_leaves_less_than_the_limit(project):
    project.write_text(WHOLE.replace("20_000", "30_000"))
    boards = run_check(read_project(project)[0]).budget.boards
    assert [board.flash_limit_bytes for board in boards] == [6_000, 2_256]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("limit_flash_bytes", "limit_flash", r"check\[0\]: key 'limit_flash' is unknown; use model, board"),
        ("boards =", "board =", "budget: key 'board' is unknown; use boards, check"),
        ('model = "small.tgmp"', "", r"check\[0\]: key 'model' is missing"),
        ('board = ["node", "uno"]', "board = []", "must be a name or a list of names"),
        ('board = ["node", "uno"]', "board = 3", "must be a name or a list of names"),
        ('"node"', '"mode"', "board 'mode' is unknown; did you mean node"),
        ("20_000", "-1", "reserve_flash_bytes = -1 must be a whole number of bytes"),
        ("20_000", "true", "reserve_flash_bytes = True must be a whole number of bytes"),
        ("20_000", '"20 KB"', "must be a whole number of bytes"),
        ("small.tgmp", "gone.tgmp", r"gone\.tgmp' cannot be read"),
        ("boards.toml", "gone.toml", r"gone\.toml' cannot be read"),
        ("limit_flash_bytes = 6_000", "tolerance = 1.5", "must be bytes or a text such as '2%'"),
        ("limit_flash_bytes = 6_000", 'baseline = "x.json"\ntolerance = "much"', "tolerance 'much' must be"),
        ("[[tool.tinygmp.budget.check]]", "[[tool.tinygmp.budget.checks]]", "key 'checks' is unknown"),
        ("tool.tinygmp", "tool.tiny", r"has no table \[tool\.tinygmp\.budget\]; write \[\["),
        ("[project]", "[project", "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_named(project, old, new, message):
    project.write_text(WHOLE.replace(old, new))
    with pytest.raises(ConfigError, match=message):
        read_project(project)


def test_an_absent_project_is_told(tmp_path):
    with pytest.raises(ConfigError, match="is absent; run in the project's folder, or give --project FILE"):
        read_project(tmp_path / "pyproject.toml")
