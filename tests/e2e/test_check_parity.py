"""The proof of parity, in small: every kind of row, no answer differs, a second run has nothing to do."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "check_parity.py"


def run(out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, "--out", out, "--models", "7", "--windows", "1"]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_no_answer_differs_anywhere(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    totals = json.loads((tmp_path / "report.json").read_text())["totals"]
    assert totals["random, this machine"]["windows"] == 42
    assert sum(total["windows"] for group, total in totals.items() if group.startswith("shipped")) >= 14
    assert all(total["logit_mismatches"] == total["class_mismatches"] == 0 for total in totals.values())
    assert sum(name.startswith("random, ") for name in totals) == 8  # this machine and seven cores


def test_a_difference_is_told(tmp_path):
    assert run(tmp_path).returncode == 0
    row = tmp_path / "random_0_host.json"
    row.write_text(json.dumps(json.loads(row.read_text()) | {"logit_mismatches": 1}))
    assert run(tmp_path).returncode == 1  # what is kept counts
    (tmp_path / "engine.txt").write_text("another")
    other = run(tmp_path)
    assert other.returncode == 2
    assert "results of another engine" in other.stderr.replace("\n", " ")
