"""Converted files in the runtimes' ARM64 builds: the answers of the reference, and the kernels that ran."""

from dataclasses import replace

import pytest

from converters.files import make_artifacts
from tinygmp.data.images import random_images
from tinygmp.data.windows import random_windows
from tinygmp.device.phone.cores import find_core
from tinygmp.errors import MissingToolError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.progress import Steps, silent
from tinygmp.verify.judge import judge
from tinygmp.verify.phone import check_phone, check_phones, phone_jobs

CORE = find_core("arm64")


@pytest.fixture(scope="module")
def windows(model):
    return random_windows(model, 2)


def padded_by_one(model: PackedModel) -> PackedModel:
    """Return the network with one row and column of padding on each side, as torch's networks have."""
    nodes = [
        replace(node, operator=replace(node.operator, window=replace(window, padding=(1, 1, 1, 1))))
        if (window := getattr(node.operator, "window", None)) is not None and window.kernel == (3, 3)
        else node
        for node in model.nodes
    ]
    return replace(model, nodes=tuple(nodes))


def checked(same: bool):
    """Results by form of a network with 90 % zeros, with TensorFlow's padding or with one on each side."""
    model = random_image_model(size=32, blocks=((16, 1), (32, 2), (64, 1)), kept=0.1)
    model = model if same else padded_by_one(model)
    samples = random_images(model, 1)
    jobs = phone_jobs(model, make_artifacts(model, ["tflite"]), [CORE])
    expected = judge(model, samples)
    return {job.form.name: check_phone(job, expected) for job in jobs}


@pytest.mark.needs_program("arm64")
def test_zeros_are_skipped_where_the_padding_is_one_all_round():
    found = checked(same=False)
    assert set(found) == {"int8", "f32", "f32 sparse"}
    assert all(each.agrees for each in found.values())
    sparse, dense = found["f32 sparse"], found["f32"]
    assert any("spmm" in name for name in sparse.sparse_kernels)
    assert dense.sparse_kernels == ()
    assert sparse.instructions < dense.instructions
    assert 0 < sum(sparse.kernels.values()) <= sparse.instructions
    assert sparse.gzip_bytes < sparse.file_bytes < dense.file_bytes


@pytest.mark.needs_program("arm64")
def test_zeros_are_skipped_with_the_padding_of_tensorflow_too():
    found = checked(same=True)
    assert all(each.agrees for each in found.values())
    assert any("spmm" in name for name in found["f32 sparse"].sparse_kernels)
    assert found["f32 sparse"].instructions < found["f32"].instructions


@pytest.mark.needs_program("arm64")
@pytest.mark.parametrize("target", ["tflite", "onnx"])
def test_step_cells_carry_their_states(model, target, windows):
    expected = judge(model, windows)
    for job in phone_jobs(model, make_artifacts(model, [target]), [CORE]):
        result = check_phone(job, expected)
        assert result.agrees
        assert result.instructions > 0


def test_without_the_emulator_the_core_is_told_as_missing(model, windows, monkeypatch):
    def absent(*_):
        raise MissingToolError("'arm64' is missing")

    monkeypatch.setattr("tinygmp.verify.phone.check_phone", absent)
    missing = {}
    jobs = phone_jobs(model, make_artifacts(model, ["tflite"]), [CORE])
    assert check_phones(jobs, judge(model, windows), Steps(silent, 9), missing) == ()
    assert missing == {"cortex-a76": "'arm64' is missing"}
