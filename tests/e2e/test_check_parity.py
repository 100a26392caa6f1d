"""The proof of parity, in small: every kind of row, no answer differs, a second run has nothing to do."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "check_parity.py"


def run(out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, "--out", out, "--models", "7", "--windows", "1"]
    command += ["--graphs", "4", "--graphs-per-core", "2"]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.needs_program("avr-gcc", "simavr")
def test_no_answer_differs_anywhere(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    totals = json.loads((tmp_path / "report.json").read_text())["totals"]
    assert totals["random, this machine"]["windows"] == 54
    assert sum(total["windows"] for group, total in totals.items() if group.startswith("shipped")) >= 14
    assert all(total["logit_mismatches"] == total["class_mismatches"] == 0 for total in totals.values())
    assert sum(name.startswith("random, ") for name in totals) == 8  # this machine and seven cores
    assert [totals[f"{kind}, this machine"]["windows"] for kind in ("graphs", "edge graphs")] == [8, 8]
    assert totals["edge graphs, runtimes that round alike"]["windows"] == 8
    assert totals["calibrated, every form within its limit"]["windows"] >= 2 * 10 * 16  # graphs, forms, runs
    assert sum(name.startswith("graphs, ") for name in totals) == 13  # and runtimes, and eleven cores
    cores = [total for name, total in totals.items() if name.count(", ") == 2 and name.startswith("graphs")]
    assert [total["models"] - total["refused"] for total in cores] == [2] * 11


@pytest.mark.needs_program("avr-gcc", "simavr")
def test_a_difference_is_told(tmp_path):
    assert run(tmp_path).returncode == 0
    row = tmp_path / "random_0_host.json"
    row.write_text(json.dumps(json.loads(row.read_text()) | {"logit_mismatches": 1}))
    assert run(tmp_path).returncode == 1  # what is kept counts
    (tmp_path / "engine.txt").write_text("another")
    other = run(tmp_path)
    assert other.returncode == 2
    assert "results of another engine" in " ".join(other.stderr.split())  # lines are folded
