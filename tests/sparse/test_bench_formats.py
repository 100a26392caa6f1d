"""The benchmark of formats: one small run from tensors to table, CSV, JSON and plot."""

import csv
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "bench_formats.py"


@pytest.fixture
def bench(monkeypatch):
    spec = importlib.util.spec_from_file_location("bench_formats", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_formats", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SPARSITIES", (0.75, 0.9))
    monkeypatch.setattr(module, "RANDOM_SHAPE", (32, 64))
    monkeypatch.delenv("TINYGMP_DATA", raising=False)
    return module


def test_a_small_run_writes_everything(bench, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    bench.main(["--output", str(tmp_path / "report"), "--seeds", "1"])
    rows = json.loads((tmp_path / "report.json").read_text())["rows"]
    assert len(list(csv.DictReader((tmp_path / "report.csv").open()))) == len(rows)
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
    assert "n h2(k/n) + k b" in capsys.readouterr().out
    int8 = {row["format"]: row for row in rows if row["values"] == "int8" and row["sparsity"] > 0.85}
    assert int8["dense"]["bytes"] == 32 * 64
    assert int8["bitmask"]["bytes"] == 32 * 64 // 8 + int8["bitmask"]["nonzeros"]
    assert int8[bench.SMALLEST]["bytes"] == min(row["bytes"] for row in int8.values())


def test_one_threshold_prunes_all_layers(bench, tmp_path):
    """Real magnitudes 1, 2, 3 and 10, 20, 30: half of six are the larger layer."""
    arrays = {
        "a.weight_q": np.array([[[[1]], [[-2]], [[3]]]], np.int8),
        "a.scale": np.float32(1),
        "b.weight_q": np.array([[1, 2, -3]], np.int8),
        "b.scale": np.float32(10),
    }
    np.savez(tmp_path / "weights.npz", **arrays)
    first, second = bench.pruned_mobilenet(tmp_path / "weights.npz", 0.5)
    assert first.tolist() == [[0, 0, 0]]
    assert second.tolist() == [[1, 2, -3]]
