"""The pipeline's script as a user runs it: the whole chain once, and bad input."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "har2_pipeline.py"


def run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, timeout=600, cwd=ROOT
    )


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("har2")
    return run_script("--quick", "--data", "synthetic", "--out", str(out)), out


def test_the_whole_chain_on_synthetic_data(quick_run):
    done, out = quick_run
    assert done.returncode == 0, done.stderr
    report = json.loads((out / "report.json").read_text())
    assert report["data"]["synthetic"] is True
    assert 50 < report["pruned"]["accuracy"] <= 100
    assert report["pruned"]["sparsity"] == pytest.approx(0.8, abs=0.001)
    packed = report["packed"]
    assert sum(packed["by_part"].values()) == packed["payload_bytes"]
    assert packed["entropy_limit_bytes"] < packed["limit_bytes"] <= packed["payload_bytes"]
    assert report["artifacts"]["c"]["mismatches"] == 0
    assert report["artifacts"]["c"]["windows"] == report["data"]["windows"]["test"]
    assert set(report["artifacts"]) == {"c", "tflite", "onnx"}
    assert {device["core"] for device in report["devices"]} == {"cortex-m0plus", "cortex-m4f", "rv32imc"}
    for device in report["devices"]:
        assert device["fits"]
        assert device["mismatches"] == 0
        assert device["windows"] == 2
        assert 0 < device["stack_bytes"] < 1000
        assert device["instructions_per_step"] > 1000
    assert report["provenance"]["recipe"] == "quick"
    assert {"data", "train_dense", "train_pruned", "pack", "convert", "verify"} <= set(
        report["provenance"]["seconds_by_stage"]
    )


def test_every_output_of_synthetic_data_says_so(quick_run):
    done, out = quick_run
    assert "SYNTHETIC" in done.stdout
    assert "SYNTHETIC" in (out / "report.html").read_text()
    assert "SYNTHETIC" in (out / "c" / "har2.h").read_text()
    assert b'"synthetic":"yes"' in (out / "har2.tgmp").read_bytes().replace(b'\\"', b'"')


def test_nothing_but_results_is_left(quick_run):
    _, out = quick_run
    assert sorted(path.name for path in out.iterdir()) == [
        "c",
        "har2.tgmp",
        "onnx",
        "report.html",
        "report.json",
        "report.md",
        "tflite",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--sparsity", "1.5"], "sparsity 1.5 is outside"),
        (["--board", "no-such-board"], "board 'no-such-board' is unknown"),
        (["--data", "/no/such/folder"], "does not exist"),
        (["--recipe", "nothing"], "--quick has its own recipe"),
        (["--sparsity", "nan"], "sparsity nan is outside"),
        (["--seed", "-1"], "greater than or equal to 0"),
        (["--windows", "0"], "greater than or equal to 1"),
    ],
)
def test_bad_arguments_are_told_in_one_sentence(arguments, told, tmp_path):
    out = tmp_path / "out"
    done = run_script("--quick", "--out", str(out), *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_an_unwritable_output_folder_is_told_before_any_work(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = run_script("--quick", "--data", "synthetic", "--out", str(tmp_path / "file" / "out"))
    assert done.returncode == 2
    assert "give another with --out" in done.stderr
    assert "training" not in done.stderr


def test_a_wrong_zip_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "wrong.zip", "w") as archive:
        archive.writestr("photos/cat.txt", "miaow")
    done = run_script("--quick", "--data", str(tmp_path / "wrong.zip"), "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "is missing; this is not the archive" in done.stderr
    assert not (tmp_path / "out").exists()
