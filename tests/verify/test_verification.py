"""Every form and every board beside the reference; what is absent is told, what is wrong is found."""

from dataclasses import replace

import numpy as np
import pytest

from converters.base import converter
from tinygmp.data.images import random_images
from tinygmp.data.samples import Samples
from tinygmp.data.source import load_samples
from tinygmp.data.windows import random_windows
from tinygmp.errors import ConfigError, MissingToolError, UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_graph import random_graph
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.run import run
from tinygmp.quant.rounding_multiply import ROUNDINGS
from tinygmp.verify import verification as workflow
from tinygmp.verify.forms import GRAPH_FORMS, STEP_FORMS
from tinygmp.verify.verification import verify

CHAIN = random_image_model(5, 20, 4, ((6, 1), (8, 2), (200, 1)), 7, 0.25, "rice")


def labelled(model: PackedModel, samples: Samples) -> Samples:
    return replace(samples, labels=run(model, *samples.inputs).classes)


@pytest.fixture(scope="module")
def windows(model):
    return labelled(model, random_windows(model, 24))


@pytest.fixture(scope="module")
def images():
    return labelled(CHAIN, random_images(CHAIN, 5))


def test_every_form_of_a_cell_agrees_and_is_measured():
    model = random_model(seed=3, hidden=12)
    told = []
    samples = labelled(model, random_windows(model, 24))
    found = verify(model, samples, boards=(), on_step=lambda what, done, total: told.append((done, total)))
    assert found.passed
    assert (found.reference_accuracy, found.samples, found.noun) == (100.0, 24, "windows")
    assert set(found.artifacts) == {"c", "tflite", "onnx"}
    for target, forms in STEP_FORMS.items():
        assert set(found.artifacts[target].variants) == {form.name for form in forms}
    exact = [found.artifacts["onnx"].variants[name] for name in ("exact scan", "exact step")]
    for form in (found.artifacts["c"], *exact):
        assert (form.mismatches, form.worst_logit_difference, form.windows) == (0, 0.0, 24)
    for artifact in found.artifacts.values():
        assert artifact.file_bytes > 0
        assert artifact.accuracy == pytest.approx(100 * (1 - artifact.mismatches / 24))
    assert told[0] == (0, 8)
    assert told[-1] == (8, 8)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_form_of_a_graph_agrees_and_those_that_round_alike_to_the_bit(rounding):
    model = random_image_model(5, 20, 4, ((6, 1), (8, 2), (200, 1)), 7, 0.25, "rice", rounding)
    found = verify(model, labelled(model, random_images(model, 5)))
    assert (found.passed, found.missing, found.samples, found.noun) == (True, {}, 5, "images")
    assert found.reference_accuracy == found.reference_top5_accuracy == 100
    assert found.devices == ()
    exact = {"fp32": "int8", "gemmlowp": "int8, no delegate"}[rounding]
    artifacts = found.artifacts
    for form in (artifacts["c"], artifacts["onnx"].variants["exact"], artifacts["tflite"].variants[exact]):
        assert (form.mismatches, form.worst_units, form.accuracy) == (0, 0, 100)
    for target, forms in GRAPH_FORMS.items():
        variants = artifacts[target].variants
        assert set(variants) == {form.name for form in forms}
        for variant in variants.values():
            assert variant.gzip_bytes < variant.file_bytes
            assert variant.milliseconds > 0


@pytest.mark.parametrize("seed", [0, 2, 6])
def test_graphs_of_several_inputs_and_outputs_are_compared_in_every_output(seed):
    model = random_graph(seed)
    found = verify(model, load_samples(model))
    exact = [found.artifacts["c"], found.artifacts["onnx"].variants["exact"]]
    assert [form.mismatches for form in exact] == [0, 0]
    rounding = {"fp32": "int8", "gemmlowp": "int8, no delegate"}[model.rounding]
    assert found.artifacts["tflite"].variants[rounding].mismatches == 0


def test_pixels_may_mean_other_numbers():
    """A network trained on pixels of 0..1: the padding is no longer the middle of the range."""
    entry = CHAIN.nodes[0].writes[0]
    unit = replace(CHAIN.values[entry], scale=float(np.float32(1 / 255)), zero_point=-128)
    changed = replace(CHAIN, values={**CHAIN.values, entry: unit})
    found = verify(changed, random_images(changed, 4))
    tflite, onnx = (found.artifacts[target].variants for target in ("tflite", "onnx"))
    exact = (found.artifacts["c"], tflite["int8"], onnx["exact"])
    assert [form.mismatches for form in exact] == [0, 0, 0]
    assert max(form.worst_logit_difference for form in onnx.values()) < 0.5


def test_boards_come_back_in_order_with_their_costs(model, windows):
    found = verify(model, windows, ["c"], ("longan-nano", "nucleo-g071rb"), samples_per_core=2)
    assert [device.board for device in found.devices] == ["longan-nano", "nucleo-g071rb"]
    for device in found.devices:
        assert device.passed
        assert (device.windows, device.mismatches) == (2, 0)
        assert device.stack_bytes > 0
        assert device.instructions_per_step > 100
    assert found.devices[1].milliseconds_per_step > 0
    assert found.missing == {}


def test_a_board_runs_images_too_and_fails_where_one_takes_too_long(images):
    found = verify(CHAIN, images, ["c"], ["nucleo-g071rb"], period_ms=0.01, level="fastest")
    (device,) = found.devices
    assert (device.passed, device.mismatches, device.windows) == (True, 0, 2)
    assert device.worst_milliseconds_per_step > 0.01
    assert not found.passed
    assert replace(found, period_ms=1e3).passed


def test_a_board_whose_compiler_is_absent_is_told(model, windows, no_programs):
    found = verify(model, windows, (), ("arduino-uno", "nucleo-g071rb"), samples_per_core=1)
    assert [device.board for device in found.devices] == ["nucleo-g071rb"]
    assert "avr-gcc" in found.missing["arduino-uno"]
    assert found.passed


def test_names_are_checked_before_any_work(model, windows, monkeypatch):
    monkeypatch.setattr(workflow, "judge", lambda *arguments: pytest.fail("work was begun"))
    with pytest.raises(ConfigError, match="zx81"):
        verify(model, windows, boards=("zx81",))
    with pytest.raises(UnsupportedError, match="cobol"):
        verify(model, windows, ["cobol"], ())


def test_a_target_whose_package_is_absent_is_told_and_the_others_run(monkeypatch):
    def absent(model):
        raise MissingToolError("'flatbuffers' is absent; install it with: pip install flatbuffers")

    monkeypatch.setattr(
        "converters.files.converter", lambda name: absent if name == "tflite" else converter(name)
    )
    model = random_model(seed=1, hidden=8)
    result = verify(model, random_windows(model, 3), targets=("c", "tflite"), boards=())
    assert result.missing == {"tflite": "'flatbuffers' is absent; install it with: pip install flatbuffers"}
    assert list(result.artifacts) == ["c"]
    assert result.passed


def test_an_absent_runtime_is_told_once_for_its_target_and_the_rest_runs(images, monkeypatch):
    import converters.to_onnx.run_graph as runner

    def absent(*_, **__):
        raise MissingToolError("onnxruntime is absent; install it with: pip install onnxruntime")

    monkeypatch.setattr(runner, "open_session", absent)
    found = verify(CHAIN, images, ["onnx", "c"])
    assert list(found.artifacts) == ["c"]
    assert found.missing == {"onnx": "onnxruntime is absent; install it with: pip install onnxruntime"}
    assert found.passed


def test_one_absent_runtime_of_several_is_told_by_its_forms(images, monkeypatch):
    import converters.to_tflite.run_graph as runner

    def absent(*_, **__):
        raise MissingToolError("TFLite Micro is absent")

    monkeypatch.setattr(runner, "open_interpreter_micro", absent)
    found = verify(CHAIN, images, ["tflite"])
    assert set(found.missing) == {"tflite, int8, micro", "tflite, int8 decoded, micro"}
    assert "int8" in found.artifacts["tflite"].variants
    assert found.artifacts["tflite"].measured_by.startswith("LiteRT")
