import numpy as np
import pytest

from converters.base import converter
from tinygmp.artifact import Artifact
from tinygmp.data.windows import Windows, random_windows
from tinygmp.errors import ConfigError, MissingToolError, UnsupportedError
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.run import run
from tinygmp.verify import windows as workflow
from tinygmp.verify.parity import check_artifact, truth
from tinygmp.verify.windows import verify


@pytest.fixture(scope="module")
def windows(model):
    counts = random_windows(model, 24).counts
    return Windows("random", False, counts, run(model, counts).classes)


def test_every_form_agrees_and_is_measured():
    model = random_model(seed=3, hidden=12)
    counts = random_windows(model, 24).counts
    windows = Windows("random", False, counts, run(model, counts).classes)
    told = []
    found = verify(model, windows, boards=(), on_step=lambda what, done, total: told.append((done, total)))
    assert found.passed
    assert found.reference_accuracy == 100.0
    assert set(found.artifacts) == {"c", "tflite", "onnx"}
    assert set(found.artifacts["tflite"].variants) == {"f32", "int16x8"}
    exact = [found.artifacts["onnx"].variants[name] for name in ("exact scan", "exact step")]
    for form in (found.artifacts["c"], *exact):
        assert (form.mismatches, form.worst_logit_difference, form.windows) == (0, 0.0, 24)
    for artifact in found.artifacts.values():
        assert artifact.file_bytes > 0
        assert artifact.accuracy == pytest.approx(100 * (1 - artifact.mismatches / 24))
    assert told[0] == (0, 4)
    assert told[-1] == (4, 4)


def test_boards_come_back_in_order_with_their_costs(model, windows):
    found = verify(model, windows, ["c"], ("longan-nano", "nucleo-g071rb"), windows_per_core=2)
    assert [device.board for device in found.devices] == ["longan-nano", "nucleo-g071rb"]
    for device in found.devices:
        assert device.passed
        assert (device.windows, device.mismatches) == (2, 0)
        assert device.stack_bytes > 0
        assert device.instructions_per_step > 100
    assert found.devices[1].milliseconds_per_step > 0
    assert found.missing == {}


def test_a_board_whose_compiler_is_absent_is_told(model, windows, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    found = verify(model, windows, (), ("arduino-uno", "nucleo-g071rb"), windows_per_core=1)
    assert [device.board for device in found.devices] == ["nucleo-g071rb"]
    assert "apt-get install" in found.missing["arduino-uno"]
    assert found.passed


def test_names_are_checked_before_any_work(model, windows, monkeypatch):
    monkeypatch.setattr(workflow, "truth", lambda *arguments: pytest.fail("work was begun"))
    with pytest.raises(ConfigError, match="zx81"):
        verify(model, windows, boards=("zx81",))
    with pytest.raises(UnsupportedError, match="cobol"):
        verify(model, windows, ["cobol"], ())


def test_one_wrong_constant_in_the_c_code_is_found(model, windows):
    honest = converter("c")(model)
    source = honest.files["random4.c"].decode()
    start = source.index("random4_rnn_u_values")
    first = source.index("{", start) + 1
    number = source[first:].split(",", 1)[0]
    wrong = source[:first] + f"\n    {-int(number)}" + source[first + len(number) :]
    forged = Artifact("c", honest.name, {**honest.files, "random4.c": wrong.encode()}, honest.entry_point)
    result = check_artifact(forged, truth(model, windows.counts))
    assert not result.agrees
    assert result.mismatches > 0
    assert result.worst_logit_difference > 0
    assert result.accuracy is None


def test_a_foreign_tflite_file_of_the_same_shape_is_found(model, windows):
    other = random_model(seed=5, hidden=12)
    files = converter("tflite")(other).files
    renamed = {name.replace("random5", "random4"): content for name, content in files.items()}
    entry_point = next(name for name in renamed if "int16x8" in name)
    result = check_artifact(Artifact("tflite", "random4", renamed, entry_point), truth(model, windows.counts))
    assert not result.agrees


def test_an_unknown_target_has_no_runtime(model, windows):
    with pytest.raises(UnsupportedError, match="no runtime"):
        check_artifact(Artifact("rom", "x", {"x": b""}, "x"), truth(model, windows.counts))


def test_accuracy_is_per_cent_of_labels(model, windows):
    labels = windows.labels.copy()
    labels[:6] = 1 - labels[:6]
    assert truth(model, windows.counts, labels).accuracy == 75.0
    assert truth(model, windows.counts).accuracy is None
    assert np.array_equal(truth(model, windows.counts).reference.classes, windows.labels)


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
