"""Published MobileNet-V1 0.25 128 in every form on real pictures."""

import csv
from pathlib import Path

import numpy as np
import pytest
from tinygmp.models.mobilenet_v1_weights import load_npz
from tinygmp.pack.mobilenet_v1 import calibrate_images, pack_mobilenet

from tinygmp.data.images import Choice, load_images, open_picture, squared
from tinygmp.graph.file import load_model, save_model
from tinygmp.verify.images import verify_images


@pytest.mark.real_data
def test_published_weights_answer_alike_in_every_form(data_root: Path, tmp_path: Path):
    sample = data_root / "imagenet_sample"
    with open(sample / "labels.csv", newline="") as stream:
        names = tuple(row["name"] for row in csv.DictReader(stream))
    weights = load_npz(data_root / "mobilenet_v1" / "mobilenet_v1_0.25_128.npz", 128)
    files = sorted((sample / "images").iterdir())[::100]
    calibration = np.stack([squared(open_picture(file, 3), 128, 0.875) for file in files])
    notes = {"data": "ImageNet sample", "synthetic": "no"}
    packed = pack_mobilenet(weights, calibrate_images(weights, calibration), "mobilenet_v1", names, notes)
    model = load_model(save_model(packed, tmp_path / "mobilenet.tgmp"))
    images = load_images(model, str(sample), Choice(crop=0.875, limit=40))
    found = verify_images(model, images)
    assert found.missing == {}
    assert 25 <= found.reference_top1 <= 75
    forms = {form.form: form for form in found.forms}
    for exact in ("c", "tflite int8", "onnx exact"):
        assert (forms[exact].mismatches, forms[exact].top1) == (0, found.reference_top1)
    assert max(form.worst_in_deviations for form in found.forms) < 1
