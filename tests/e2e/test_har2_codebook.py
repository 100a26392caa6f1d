"""The script of shared values: bad input is told, and a model comes out with fewer value bytes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from har.packing import pack_har
from har.recipe import load_recipe
from har.synthetic import synthetic_data
from har.training import prepare
from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.packed.file import load_model, save_model

ROOT = Path(__file__).parents[2]


def run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    script = ROOT / "scripts" / "har2_codebook.py"
    return subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, timeout=600
    )


def test_bad_input_is_told_in_one_sentence(tmp_path):
    done = run_script("--seeds", str(tmp_path), "--data", "synthetic", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "run scripts/har2_seeds.py first" in done.stderr
    done = run_script("--seeds", str(tmp_path), "--entries", "5", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "codebooks of 4, 8 and 16" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_packed_model_becomes_one_of_shared_values(tmp_path):
    data = synthetic_data(0)
    rng = np.random.default_rng(0)

    def sparse(*shape):
        return (rng.normal(0, 0.3, shape) * (rng.random(shape) < 0.4)).astype(np.float32)

    weights = FastGrnnWeights(
        w=(sparse(20, 9),),
        u=(sparse(20, 20),),
        bias_gate=np.ones(20, np.float32),
        bias_update=np.ones(20, np.float32),
        zeta=0.7,
        nu=0.02,
        classifier=sparse(2, 20),
        classifier_bias=np.zeros(2, np.float32),
    )
    model = pack_har(weights, prepare(data, load_recipe("synthetic"), 0), data, "synthetic", 0)
    save_model(model, tmp_path / "seeds" / "seed0.tgmp")
    arguments = [
        "--seeds",
        str(tmp_path / "seeds"),
        "--data",
        "synthetic",
        "--recipe",
        "synthetic",
        "--epochs",
        "1",
    ]
    done = run_script(*arguments, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "SYNTHETIC" in done.stdout
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["value_bytes_saved"] > 0.25
    after = load_model(tmp_path / "out" / "seed0.tgmp")
    assert after.synthetic
    assert {tensor.value_format for tensor in after.tensors()} >= {"codebook16"}
    for tensor in after.tensors():
        if tensor.value_format == "codebook16":
            assert len(np.unique(tensor.decode())) <= 17
