"""Verdicts equal the linker's, a byte more or less around the limit."""

import importlib.util
import json
from pathlib import Path

import pytest

from tinygmp.budget.packed import budget
from tinygmp.budget.result import Reserve
from tinygmp.device.board import find_board

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "docs" / "reports" / "check_budget.json"
UNO = pytest.param("arduino-uno", marks=pytest.mark.needs_program("avr-gcc", "simavr"))
BOARDS = ("ch32v003", "msp430g2553", "nucleo-g071rb", UNO)


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("check_budget", ROOT / "scripts" / "check_budget.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("board", BOARDS)
def test_flash_turns_where_the_linker_turns(script, board):
    model = script.graded_model(18, 0.4)
    used, whole = budget(model, [board]).boards[0], find_board(board)
    room = used.flash_limit_bytes - used.flash_bytes
    pairs = [script.pair_of(board, model, "m", "flash", Reserve(room - left, 0)) for left in (1, 0, -1)]
    assert [pair.left_bytes for pair in pairs] == [1, 0, -1]
    assert [pair.budget_fits for pair in pairs] == [True, True, False]
    assert [pair.linker_fits for pair in pairs] == [True, True, False]
    assert whole.flash_bytes - room <= used.flash_bytes + 32


@pytest.mark.parametrize("board", BOARDS)
def test_ram_turns_where_the_linker_turns(script, board):
    model = script.graded_model(18, 0.4)
    used = budget(model, [board]).boards[0]
    room = -used.ram_over_bytes
    pairs = [script.pair_of(board, model, "m", "RAM", Reserve(0, room - left)) for left in (1, 0, -1)]
    assert [pair.budget_fits for pair in pairs] == [True, True, False]
    assert [pair.linker_fits for pair in pairs] == [True, True, False]


def test_the_report_holds_no_verdict_that_differs():
    held = json.loads(REPORT.read_text(encoding="utf-8"))
    assert held["pairs"] == len(held["rows"]) >= 40
    assert (held["false_pass"], held["false_fail"]) == (0, 0)
    assert all(row["budget_fits"] == row["linker_fits"] for row in held["rows"])
    assert min(held["fits"], held["does_not_fit"]) > held["pairs"] // 4
    assert {row["crosses"] for row in held["rows"]} == {"flash", "RAM"}
    assert held["within_16_bytes"] >= 40
