"""The script of fewer bits: bad input is told, and a model comes out with fewer value bytes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from har.packing import pack_har
from har.recipe import load_recipe
from har.synthetic import synthetic_data
from har.training import prepare
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.window_classifier import window_classifier
from tinygmp.graph.file import load_model, save_model
from tinygmp.graph.ledger import ledger

ROOT = Path(__file__).parents[2]


def run_script(*arguments: str, name: str = "har2_quantisation.py") -> subprocess.CompletedProcess[str]:
    script = ROOT / "scripts" / "experiments" / name
    return subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, timeout=600
    )


def test_bad_input_is_told_in_one_sentence(tmp_path):
    done = run_script("--seeds", str(tmp_path), "--data", "synthetic", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "run scripts/har2_seeds.py first" in done.stderr
    done = run_script("--seeds", str(tmp_path), "--values", "codebook5", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "'codebook5' are unknown" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def seeds(tmp_path_factory) -> Path:
    """A folder with one packed model of random weights."""
    data = synthetic_data(0)
    rng = np.random.default_rng(0)

    def sparse(*shape):
        return (rng.normal(0, 0.3, shape) * (rng.random(shape) < 0.4)).astype(np.float32)

    cell = FastGrnn(
        w=(sparse(20, 9),),
        u=(sparse(20, 20),),
        bias_gate=np.ones(20, np.float32),
        bias_update=np.ones(20, np.float32),
        zeta=0.7,
        nu=0.02,
    )
    graph = window_classifier(cell, FullyConnected(sparse(2, 20), np.zeros(2, np.float32)))
    model = pack_har(graph, prepare(data, load_recipe("synthetic"), 0), data, "synthetic", 0)
    folder = tmp_path_factory.mktemp("seeds")
    save_model(model, folder / "seed0.tgmp")
    return folder


@pytest.mark.parametrize(
    ("values", "expected"), [("codebook16", {"codebook16"}), ("int4", {"int4", "int8"}), ("mixed", set())]
)
def test_a_packed_model_becomes_a_coarser_one(seeds, tmp_path, values, expected):
    before = ledger(load_model(seeds / "seed0.tgmp")).payload_bytes
    out, most_bytes = tmp_path / "out", before - 70
    arguments = ["--seeds", str(seeds), "--data", "synthetic", "--recipe", "synthetic", "--epochs", "1"]
    arguments += ["--values", values, "--most-bytes", str(most_bytes), "--out", str(out)]
    done = run_script(*arguments)
    assert done.returncode == 0, done.stderr
    assert "SYNTHETIC" in done.stdout
    summary = json.loads((out / "summary.json").read_text())
    after = load_model(out / "seed0.tgmp")
    assert after.synthetic
    assert summary["seeds"][0]["payload_bytes"] == ledger(after).payload_bytes < before
    assert {tensor.value_format for tensor in after.tensors()} >= expected
    assert ledger(after).payload_bytes <= most_bytes or values != "mixed"
    for tensor in after.tensors():
        if tensor.value_format == "int4":
            assert np.abs(tensor.decode()).max() <= 7


def test_calibrations_are_compared_on_held_out_people(seeds, tmp_path):
    out = tmp_path / "calibration.json"
    arguments = ("--seeds", str(seeds), "--data", "synthetic", "--recipe", "synthetic", "--out", str(out))
    done = run_script(*arguments, name="har2_calibration.py")
    assert done.returncode == 0, done.stderr
    assert "SYNTHETIC" in done.stdout
    report = json.loads(out.read_text())
    error = {row["what"]: row["relative_logit_error"] for row in report["mean"]}
    assert error["int8, mse"] < error["int4, mse"] < error["ternary, mse"]
    scale_bytes = {row["what"]: row.get("scale_bytes") for row in report["mean"]}
    assert scale_bytes["int4, weights only, a scale for each row"] == 2 * 2 * 20
