"""The page of MLPerf Tiny shows the figures of its report, and the report holds what the page promises."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "docs" / "reports" / "mlperf_tiny.json"


def test_the_figures_are_those_of_the_report():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "mlperf_tiny_figures.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_import_is_litert_s_and_c_is_the_reference():
    networks = {each["name"]: each for each in json.loads(REPORT.read_text(encoding="utf-8"))["networks"]}
    assert set(networks) == {"vww", "kws", "resnet", "ad"}
    for network in networks.values():
        found = network["import"]
        assert found["against_litert"]["inputs"] >= 1000
        assert found["c_against_import"]["outputs_that_differ"] == 0
        before = found["before_softmax"] or found["against_litert"]
        assert before["outputs_that_differ"] == 0
        assert found["against_litert"]["largest_difference"] <= (found["before_softmax"] is not None)
        assert not any(
            row["differences"] for model in network["models"] for row in (*model["boards"], *model["cores"])
        )
    pictures = networks["resnet"]["import"]["pictures"]
    assert "CIFAR-10 (JPEG q75)" in pictures["data"]
    assert abs(pictures["import_accuracy"] - pictures["litert_accuracy"]) <= 0.3
    assert networks["ad"]["import"]["auc"] == "not measured: no audio"
    assert networks["ad"]["import"]["reconstruction_error"]["import_largest_difference"] == 0
