"""The scripts on published weights, run on a made-up network and made-up pictures in the published layout."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinygmp.readers.mobilenet_v1 import NAMES

SCRIPTS = Path(__file__).parents[2] / "scripts"
CLASSES, IMAGES = 4, 280
CHANNELS = (8, 8, 16, 16, 16, 32, 32, 32, 32, 32, 32, 32, 32, 32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Weights of 32 channels at most with batch norm, and pictures of 224 x 224 in one colour with noise."""
    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    (root / "mobilenet_v1").mkdir()
    np.savez(root / "mobilenet_v1" / "small.npz", **arrays(rng))
    images = root / "imagenet_sample" / "images"
    images.mkdir(parents=True)
    with open(root / "imagenet_sample" / "labels.csv", "w", newline="") as stream:
        rows = csv.DictWriter(stream, ("file", "label", "name"))
        rows.writeheader()
        for index in range(IMAGES):
            colour = rng.integers(0, 256, 3)
            pixels = np.clip(colour + rng.normal(0, 25, (224, 224, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(images / f"{index}.png", compress_level=0)
            rows.writerow(
                {"file": f"{index}.png", "label": index % CLASSES, "name": f"class {index % CLASSES}"}
            )
    return root


def arrays(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return weights by the published keys."""
    found: dict[str, np.ndarray] = {}
    inputs = 3
    for name in NAMES[:-1]:
        block = int(name[2:]) if name[:2] in ("dw", "pw") else 0
        outputs = inputs if name.startswith("dw") else CHANNELS[block]
        kernel = 1 if name.startswith("pw") else 3
        fan_in = kernel**2 * (1 if name.startswith("dw") else inputs)
        shape = (outputs, 1 if name.startswith("dw") else inputs, kernel, kernel)
        found[f"{name}.weight"] = (rng.normal(0, (2 / fan_in) ** 0.5, shape)).astype(np.float32)
        parts = {
            "weight": (0.8, 1.2),
            "bias": (0.0, 0.4),
            "running_mean": (-0.1, 0.1),
            "running_var": (0.7, 1.2),
        }
        for part, (low, high) in parts.items():
            found[f"{name}.bn.{part}"] = rng.uniform(low, high, outputs).astype(np.float32)
        inputs = outputs
    found["fc.weight"] = rng.normal(0, 0.3, (CLASSES, inputs)).astype(np.float32)
    found["fc.bias"] = rng.normal(0, 0.1, CLASSES).astype(np.float32)
    return found


def script(name: str, data: Path | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "TINYGMP_DATA"}
    environment |= {"TINYGMP_DATA": str(data)} if data else {}
    command = [sys.executable, SCRIPTS / name, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


def test_sizes_fall_with_sparsity_in_every_form(folder, tmp_path):
    done = script(
        "mobilenet_sizes.py", folder, "--weights", "small.npz", "--size", "32",
        "--sparsity", "0", "--sparsity", "0.75", "--out", str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    dense, pruned = json.loads((tmp_path / "report.json").read_text())["rows"]
    for form in ("payload_bytes", "int8.tflite, gzip -9", "f32.tflite, gzip -9"):
        assert pruned[form] < 0.75 * dense[form]
    assert pruned["nnz"] <= 0.25 * dense["weights"] + 1
    assert (tmp_path / "0.75.tgmp").stat().st_size == pruned["tgmp_file_bytes"]


def test_least_squares_and_rankings_are_compared(folder, tmp_path):
    arguments = ("--weights", "small.npz", "--size", "32", "--scored", "20", "--sparsity", "0.5")
    done = script("experiments/mobilenet_data_poor.py", folder, *arguments, "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "small.npz" / "report.json").read_text())["rows"]
    assert len(rows) == 12
    fitted = next(row for row in rows if row["network"] == "combined + least squares, chosen anew")
    plain = next(row for row in rows if row["network"] == "magnitude")
    assert fitted["same_class_as_dense"] >= plain["same_class_as_dense"]
    again = script("experiments/mobilenet_data_poor.py", folder, *arguments, "--out", str(tmp_path))
    assert again.returncode == 0


@pytest.mark.parametrize("name", ["mobilenet_sizes.py", "experiments/mobilenet_data_poor.py"])
def test_missing_data_is_told(name, tmp_path):
    done = script(name, None, "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "TINYGMP_DATA" in done.stderr
    assert not (tmp_path / "out").exists()
