"""Every form of an image network against the reference, and what a difference or an absent runtime looks like."""

from dataclasses import replace

import numpy as np
import pytest
from tinygmp.packed.image_model import Activation, PackedModel
from tinygmp.packed.image_reference import ImageOutput

from converters.agreement import IMAGE_TOLERANCES, ROUNDS_ALIKE
from tinygmp.budget.packed import budget
from tinygmp.data.images import random_images
from tinygmp.errors import MissingToolError
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.inspect.packed import inspect
from tinygmp.quant.rounding_multiply import ROUNDINGS
from tinygmp.verify import images as room
from tinygmp.verify.images import Judge, verify_images

MODEL = random_image_model(5, 20, 4, ((6, 1), (8, 2), (200, 1)), 7, 0.25, "rice")
EXACT = {"c", "tflite int8", "onnx exact"}


def rounded(rounding: str) -> PackedModel:
    return random_image_model(5, 20, 4, ((6, 1), (8, 2), (200, 1)), 7, 0.25, "rice", rounding)


@pytest.fixture(scope="module")
def labelled():
    images = random_images(MODEL, 5)
    return replace(images, labels=run(MODEL, images.pixels).classes)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_form_agrees_and_the_exact_ones_to_the_bit(labelled, rounding):
    model = rounded(rounding)
    labelled = replace(labelled, labels=run(model, labelled.pixels).classes)
    found = verify_images(model, labelled)
    assert (found.passed, found.missing, found.images) == (True, {}, 5)
    assert found.reference_top1 == found.reference_top5 == 100
    assert {form.form for form in found.forms} == set(IMAGE_TOLERANCES)
    for form in found.forms:
        assert form.gzip_bytes < form.file_bytes
        if form.form in {"c", ROUNDS_ALIKE[rounding], "onnx exact"}:
            assert (form.mismatches, form.worst_logit_difference, form.top1) == (0, 0, 100)
        if form.form != "c":
            assert form.milliseconds > 0


def test_pixels_may_mean_other_numbers():
    """A network trained on pixels of 0..1: the padding is no longer the middle of the range."""
    unit = Activation(float(np.float32(1 / 255)), -128)
    stem = MODEL.layers[0]
    scales = (stem.weight_scales * np.float32(2)).astype(np.float32)
    changed = replace(MODEL, layers=(replace(stem, input=unit, weight_scales=scales), *MODEL.layers[1:]))
    found = verify_images(changed, random_images(changed, 4))
    assert {form.worst_logit_difference for form in found.forms if form.form in EXACT} == {0}
    assert max(form.worst_in_deviations for form in found.forms) < 0.1


def test_a_wrong_answer_fails_the_verdict(labelled, monkeypatch):
    honest = run(MODEL, labelled.pixels)
    wrong = honest.logits.copy()
    wrong[2, 1] += 1
    monkeypatch.setattr(room, "run_images", lambda *_: ImageOutput(wrong, honest.classes))
    found = verify_images(MODEL, labelled, ["c"])
    assert not found.passed
    assert (found.forms[0].mismatches, found.forms[0].worst_logit_difference) == (1, 1)


def test_an_absent_runtime_is_told_and_the_rest_runs(labelled, monkeypatch):
    import converters.to_onnx.run_images as runner

    def absent(*_, **__):
        raise MissingToolError("onnxruntime is absent; install it with: pip install onnxruntime")

    monkeypatch.setattr(runner, "open_session", absent)
    found = verify_images(MODEL, labelled, ["onnx", "c"])
    assert [form.form for form in found.forms] == ["c"]
    assert "pip install onnxruntime" in found.missing["onnx exact"]
    assert found.passed


def test_a_simulated_board_equals_the_reference(labelled):
    found = verify_images(MODEL, labelled, ["c"], ["nucleo-l432kc"])
    (device,) = found.devices
    assert (device.passed, device.mismatches, device.windows) == (True, 0, 2)
    assert device.instructions_per_step > 10_000


def test_a_board_that_needs_longer_than_an_image_may_take_fails(labelled):
    found = verify_images(MODEL, labelled, ["c"], ["nucleo-g071rb"], 1, period_ms=0.01, level="fastest")
    (device,) = found.devices
    assert device.passed
    assert device.worst_milliseconds_per_step > 0.01
    assert not found.passed
    assert replace(found, period_ms=1e3).passed


def test_top_five_counts_the_five_largest_and_says_nothing_of_few_classes(labelled):
    logits = np.array([[9, 8, 7, 6, 5, 4, 3]] * 2)
    images = replace(labelled, pixels=labelled.pixels[:2], labels=np.array([4, 5]))
    judge = Judge(MODEL, images, ImageOutput(logits, logits.argmax(axis=1)))
    assert (judge.top(logits, 1), judge.top(logits, 5)) == (0, 50)
    assert judge.top(logits[:, :5], 5) is None


def test_budget_and_inspect_tell_of_image_networks():
    (board,) = budget(MODEL, ["nucleo-l432kc"]).boards
    assert board.fits
    assert board.stack_bytes > 0
    assert board.flash_bytes == board.weights_bytes + board.engine_bytes + board.support_bytes
    found = inspect(MODEL)
    assert found.payload_bytes == MODEL.payload_bytes == sum(found.by_part.values())
    assert found.channels == ("20 x 20 x 3 pixels, uint8", "sums rounded as fp32")
    assert [layer.kind for layer in found.layers[:2]] == ["convolution", "depthwise convolution"]
    assert [layer.kind for layer in found.layers[-2:]] == ["global average pool", "fully connected"]
