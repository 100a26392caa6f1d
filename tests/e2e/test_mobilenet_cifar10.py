"""The CIFAR-10 scripts: networks are trained, pruned, packed, scored, tuned as int8; a second run trains nothing."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPTS = Path(__file__).parents[2] / "scripts" / "experiments"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Ten classes of noise around a colour of their own, as image files."""
    root, rng = tmp_path_factory.mktemp("cifar"), np.random.default_rng(0)
    for part, count in (("train", 15), ("test", 10)):
        for label in range(10):
            place = root / part / f"class{label}"
            place.mkdir(parents=True)
            for index in range(count):
                pixels = np.clip(rng.normal(25 * label, 20, (32, 32, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{index}.png")
    return root


def run(*arguments: str, script: str = "mobilenet_cifar10.py") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPTS / script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def networks(folder, tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("networks")


def test_every_network_is_trained_packed_and_scored(folder, networks):
    shape = ("--width", "0.1", "--dense-epochs", "1", "--epochs", "1", "--seeds", "2")
    rows = ("--row", "oneshot75", "--row", "gradual90")
    arguments = ("--data", str(folder), "--out", str(networks), *rows, *shape)
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    report = json.loads((networks / "report.json").read_text())
    assert report["data"] == "CIFAR-10 (JPEG)"  # image files are never called the original
    sparsity = {row["name"]: row["sparsity"] for row in report["rows"]}
    assert sparsity["dense"] == sparsity["dense_longer"] == 0
    assert sparsity["oneshot75"] == pytest.approx(0.75, abs=0.01)
    assert sparsity["gradual90"] == pytest.approx(0.9, abs=0.01)
    payload = {row["name"]: row["payload_bytes"] for row in report["rows"]}
    assert payload["gradual90"] < payload["oneshot75"] < payload["dense"]
    assert all(row["packed_images"] == 100 for row in report["rows"])
    assert done.stderr.count("dense, epoch 0") == 2  # trained once a seed, shared by its rows
    assert_summary_is_of_the_rows(report)
    dense = {
        (networks / "seed0" / row / "dense.safetensors").read_bytes() for row in sparsity if row != "dense"
    }
    assert len(dense) == 1
    again = run(*arguments)
    assert again.returncode == 0
    assert "epoch" not in again.stderr
    assert json.loads((networks / "report.json").read_text()) == report
    other = run(*arguments[:-2], "--seeds", "1", "--epochs", "2")
    assert (other.returncode, "epochs differs; give another folder" in other.stderr) == (2, True)


def assert_summary_is_of_the_rows(report):
    assert [(row["seed"], row["name"]) for row in report["rows"][::4]] == [(0, "dense"), (1, "dense")]
    assert [row["seeds"] for row in report["summary"]] == [2] * 4
    for one in report["summary"]:
        first, second = (row["test"] for row in report["rows"] if row["name"] == one["name"])
        assert one["test"] == pytest.approx((first + second) / 2)
        assert one["test_deviation"] == pytest.approx(abs(first - second) / 2**0.5)  # of a sample of two


def test_an_unknown_row_is_told(tmp_path):
    done = run("--data", str(tmp_path), "--out", str(tmp_path / "out"), "--row", "oneshot80")
    assert done.returncode == 2
    assert "no row is called oneshot80; there are dense_longer, oneshot75" in done.stderr


def test_a_folder_without_images_is_told(tmp_path):
    done = run("--data", str(tmp_path), "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "no pictures in" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_trained_network_is_fine_tuned_as_int8_with_its_mask(folder, networks, tmp_path):
    where = ("--data", str(folder), "--networks", str(networks), "--out", str(tmp_path))
    done = run(*where, "--name", "oneshot75", "--seed", "1", "--epochs", "1", script="mobilenet_qat.py")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["data"] == "CIFAR-10 (JPEG)"
    before, after = report["rows"][:2]
    assert (before["training"], after["training"]) == ("none", "quantisation-aware")
    assert after["nnz"] <= before["nnz"]
    assert after["payload_bytes"] == pytest.approx(before["payload_bytes"], rel=0.1)
    assert abs(before["packed_test"] - before["simulated_test"]) <= 0.02  # within a unit of a logit
    assert before["packed_images"] == 100
    trained = json.loads((networks / "report.json").read_text())["rows"]
    (row,) = (row for row in trained if (row["seed"], row["name"]) == (1, "oneshot75"))
    assert before["float_test"] == pytest.approx(row["test"], abs=0.02)  # the same network, rounded otherwise
