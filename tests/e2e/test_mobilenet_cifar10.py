"""The CIFAR-10 script: every network is trained, pruned to its share, packed and scored; a second trains nothing."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPT = Path(__file__).parents[2] / "scripts" / "mobilenet_cifar10.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Ten classes of noise around a colour of their own, as image files."""
    root, rng = tmp_path_factory.mktemp("cifar"), np.random.default_rng(0)
    for part, count in (("train", 18), ("test", 10)):
        for label in range(10):
            place = root / part / f"class{label}"
            place.mkdir(parents=True)
            for index in range(count):
                pixels = np.clip(rng.normal(25 * label, 20, (32, 32, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{index}.png")
    return root


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, timeout=300)


def test_every_network_is_trained_packed_and_scored(folder, tmp_path):
    arguments = (
        "--data",
        str(folder),
        "--out",
        str(tmp_path),
        "--width",
        "0.1",
        "--dense-epochs",
        "1",
        "--epochs",
        "1",
    )
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["data"] == "CIFAR-10 (JPEG)"  # image files are never called the original
    sparsity = {row["name"]: row["sparsity"] for row in report["rows"]}
    assert sparsity["dense"] == sparsity["dense_longer"] == 0
    assert sparsity["oneshot75"] == pytest.approx(0.75, abs=0.01)
    assert sparsity["gradual90"] == sparsity["oneshot90"] == pytest.approx(0.9, abs=0.01)
    payload = {row["name"]: row["payload_bytes"] for row in report["rows"]}
    assert payload["oneshot90"] < payload["oneshot75"] < payload["dense"]
    assert all(row["packed_images"] == 100 for row in report["rows"])
    again = run(*arguments)
    assert again.returncode == 0
    assert "epoch" not in again.stderr


def test_a_folder_without_images_is_told(tmp_path):
    done = run("--data", str(tmp_path), "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "no images in" in done.stderr
    assert not (tmp_path / "out").exists()
