import dataclasses
import json

import pytest

from tinygmp.device.board import find_board
from tinygmp.device.lab import budget, measure, measure_all

BOARD = find_board("nucleo-g071rb")


@pytest.fixture
def _lab(needs):
    needs("ziglang", "unicorn", "elftools")


@pytest.mark.usefixtures("_lab")
def test_report_is_plain_json_with_time_from_cycles(counted, windows, zero_reference):
    report = measure(counted, BOARD, windows, zero_reference)
    table = json.loads(json.dumps(report.as_dict()))
    assert table["board"] == "nucleo-g071rb"
    assert (table["mismatches"], table["windows"], table["instructions_per_step"]) == (0, 8, 12)
    assert table["milliseconds_per_step"] == pytest.approx(17 / 64_000)
    assert table["measured_by"] == "unicorn"
    assert table["fits"] is True
    assert report.share_of_period(period_ms=20) == pytest.approx(17 / 64_000 / 20)
    assert report.microjoules_per_step(current_ma=5, volts=3) == pytest.approx(17 / 64_000 * 15)


@pytest.mark.usefixtures("_lab")
def test_no_time_or_energy_without_a_cycle_model(counted, windows, zero_reference):
    report = measure(counted, find_board("nucleo-f446re"), windows, zero_reference)
    assert report.milliseconds_per_step is None
    assert report.share_of_period(20) is None
    assert report.microjoules_per_step(5, 3) is None


@pytest.mark.usefixtures("_lab")
def test_budget_needs_no_run(summing):
    assert budget(summing, BOARD).fits
    told = budget(summing, dataclasses.replace(BOARD, flash_bytes=300))
    assert told.flash_over > 0
    assert "weights 6" in told.sentence


@pytest.mark.usefixtures("_lab")
def test_a_difference_is_traced_to_its_first_step(summing, windows, summing_reference):
    def reference(counts):  # the truth, but one that leaves out what comes after step 12 of every window
        return summing_reference(counts[:, :13])

    parity = measure(summing, BOARD, windows[2:], reference).parity
    assert parity.logit_mismatches == 6
    assert (parity.first_differing_window, parity.first_differing_step) == (0, 13)
    assert parity.worst_logit_difference > 0


@pytest.mark.usefixtures("_lab")
def test_what_does_not_fit_is_not_run(summing, windows, summing_reference):
    report = measure(summing, dataclasses.replace(BOARD, flash_bytes=300), windows, summing_reference)
    assert not report.fits
    assert report.measured_by == "not run: it does not fit"
    assert report.as_dict()["mismatches"] is None
    assert "B over" in report.budget


@pytest.mark.usefixtures("_lab")
def test_several_boards_come_back_in_order(summing, windows, summing_reference):
    boards = [find_board(name) for name in ("longan-nano", "nucleo-g071rb")]
    reports, missing = measure_all(summing, boards, windows, summing_reference)
    assert [report.board for report in reports] == ["longan-nano", "nucleo-g071rb"]
    assert all(report.parity.exact for report in reports)
    assert missing == {}


@pytest.mark.usefixtures("no_programs")
def test_a_board_without_its_tool_is_left_out_by_name(summing, windows, summing_reference):
    reports, missing = measure_all(summing, [find_board("arduino-uno")], windows, summing_reference)
    assert reports == []
    assert "tinygmp doctor --install avr-gcc" in missing["arduino-uno"]
