"""Growth against an earlier budget, by hand."""

import json
from dataclasses import replace

import pytest

from tinygmp.budget.baseline import (
    Tolerance,
    changes,
    compare,
    read_baseline,
    tolerance_of,
)
from tinygmp.budget.document import budget_document
from tinygmp.budget.result import BoardBudget, Budget
from tinygmp.errors import ConfigError, FileFormatError
from tinygmp.report.plain import to_plain

BOARD = BoardBudget(
    "uno", "avr5", True, 1_000, 32_256, 200, 2_048, 100, 400, 500, 100, {"a": 500, "b": 400}, "", ""
)
NOW = Budget("m", False, None, (BOARD,), {})


def earlier(tmp_path, **changed):
    path = tmp_path / "old.json"
    old = replace(NOW, boards=(replace(BOARD, **changed),))
    path.write_text(json.dumps(to_plain(budget_document(old))))
    return read_baseline(path)


def test_growth_is_told_by_figure_and_symbol(tmp_path):
    flash, ram = compare(NOW, earlier(tmp_path, flash_bytes=900, by_symbol={"a": 450, "c": 20}), Tolerance())[
        0
    ]
    assert flash.beyond
    assert flash.sentence == "uno: flash 900 to 1,000 B (+100, 0 allowed): b +400, a +50, c -20"
    assert not ram.beyond
    assert ram.sentence == "uno: RAM + stack 300 to 300 B (+0, 0 allowed)"


@pytest.mark.parametrize(
    ("tolerance", "beyond"), [("99", True), ("100", False), ("11%", True), ("11.2 %", False), ("1_00", False)]
)
def test_the_verdict_turns_at_the_tolerance(tmp_path, tolerance, beyond):
    # 900 to 1,000 B: 11.1 % more; 11.2 % of 900 are 100.8 B.
    flash, _ = compare(NOW, earlier(tmp_path, flash_bytes=900), tolerance_of(tolerance))[0]
    assert flash.beyond is beyond


def test_what_shrank_passes(tmp_path):
    flash, ram = compare(NOW, earlier(tmp_path, flash_bytes=1_200, ram_bytes=300), Tolerance())[0]
    assert (flash.grown_bytes, ram.grown_bytes) == (-200, -100)
    assert not flash.beyond
    assert not ram.beyond


def test_a_stack_that_only_one_measured_is_left_out(tmp_path):
    _, ram = compare(NOW, earlier(tmp_path, stack_bytes=None), Tolerance())[0]
    assert (ram.what, ram.before_bytes, ram.after_bytes) == ("RAM", 200, 200)
    _, ram = compare(NOW, earlier(tmp_path, stack_bytes=90), Tolerance())[0]
    assert (ram.what, ram.grown_bytes) == ("RAM + stack", 10)


def test_boards_that_the_baseline_lacks_are_told(tmp_path):
    growths, notes = compare(NOW, earlier(tmp_path, board="mega"), Tolerance())
    assert growths == ()
    assert notes == ("uno is not in the baseline and was not compared",)


def test_a_document_of_several_is_searched_by_name(tmp_path):
    path = tmp_path / "several.json"
    other = replace(NOW, model="other", boards=(replace(BOARD, flash_bytes=1),))
    budgets = [to_plain(budget_document(each)) for each in (other, NOW)]
    path.write_text(json.dumps({"passed": True, "budgets": budgets}))
    assert compare(NOW, read_baseline(path), Tolerance())[0][0].before_bytes == 1_000
    with pytest.raises(ConfigError, match="the baseline holds other, m, not 'third'"):
        compare(replace(NOW, model="third"), read_baseline(path), Tolerance())


@pytest.mark.parametrize("text", ["", "-1", "1.5", "many", "3 KB", "%", "1e3"])
def test_odd_tolerances_are_refused(text):
    with pytest.raises(ConfigError, match="must be whole bytes, such as 64, or per cent"):
        tolerance_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]x",
        "3",
        '{"boards": []}',
        '{"model": "m", "boards": [{"board": "uno"}]}',
        '{"model": "m", "boards": [{"board": "uno", "flash_bytes": 1.5, "ram_bytes": 2}]}',
        '{"model": "m", "boards": [{"board": "uno", "flash_bytes": 1, "ram_bytes": 2, "by_symbol": {"a": "b"}}]}',
    ],
)
def test_other_files_are_no_baseline(tmp_path, text):
    path = tmp_path / "old.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=r"old\.json' is no"):
        read_baseline(path)


def test_an_absent_baseline_is_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"gone\.json' cannot be read: No such file"):
        read_baseline(tmp_path / "gone.json")


def test_only_the_largest_changes_are_named():
    before = {f"s{i}": 10 * i for i in range(10)}
    assert list(changes(before, {})) == ["s5", "s6", "s7", "s8", "s9"]
    assert changes(before, before) == {}
