"""Published MobileNet-V1 0.25 128 in every form on real pictures."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tinygmp.data.images import Choice, cut_out, load_images, open_picture
from tinygmp.graph.file import load_model, save_model
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.readers.npz import load_npz
from tinygmp.verify.verification import verify


@pytest.mark.real_data
def test_published_weights_answer_alike_in_every_form(data_root: Path, tmp_path: Path):
    sample = data_root / "imagenet_sample"
    with open(sample / "labels.csv", newline="") as stream:
        names = tuple(row["name"] for row in csv.DictReader(stream))
    graph = load_npz(data_root / "mobilenet_v1" / "mobilenet_v1_0.25_128.npz", 128)
    files = sorted((sample / "images").iterdir())[::100]
    calibration = np.stack([cut_out(open_picture(file, 3), 128, 128, 0.875) for file in files])
    notes = {"data": "ImageNet sample", "synthetic": "no"}
    packed = pack(graph, calibration, PackIdentity("mobilenet_v1", names, notes))
    model = load_model(save_model(packed, tmp_path / "mobilenet.tgmp"))
    found = verify(model, load_images(model, str(sample), Choice(crop=0.875, limit=40)))
    assert found.missing == {}
    assert 25 <= found.reference_accuracy <= 75
    artifacts = found.artifacts
    for exact in (artifacts["c"], artifacts["tflite"].variants["int8"], artifacts["onnx"].variants["exact"]):
        assert (exact.mismatches, exact.accuracy) == (0, found.reference_accuracy)
    forms = [form for target in ("tflite", "onnx") for form in artifacts[target].variants.values()]
    assert len(forms) == 9  # of dense weights no sparse file is written
    assert max(form.worst_logit_difference for form in forms) < 1
