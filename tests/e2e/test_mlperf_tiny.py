"""The pieces of the MLPerf Tiny script on a network that fits a test: import, packing, costs, and going on."""

import json
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
BOARD = "nucleo-g071rb"


@pytest.fixture
def script(monkeypatch):
    """Return the script with one build and two cores, so that the test is short."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import mlperf_measures
    import mlperf_tiny

    monkeypatch.setattr(mlperf_measures, "LEVELS", ("smallest",))
    monkeypatch.setattr(mlperf_measures, "GRAPH_BOARDS", ("nucleo-f446re", "ch32v003"))
    return mlperf_tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a folder as TINYGMP_DATA with one small network in the keyword network's place."""
    tensorflow = pytest.importorskip("tensorflow", reason="install it with: pip install tensorflow")
    layers, rng = tensorflow.keras.layers, np.random.default_rng(0)
    tensorflow.keras.utils.set_random_seed(1)
    model = tensorflow.keras.Sequential(
        [
            layers.Input((9, 7, 1)),
            layers.Conv2D(6, 3, strides=2, padding="same", activation="relu"),
            layers.DepthwiseConv2D(3, padding="same", activation="relu"),
            layers.AveragePooling2D((5, 4)),
            layers.Flatten(),
            layers.Dense(4, activation="softmax"),
        ]
    )
    make = tensorflow.lite.TFLiteConverter.from_keras_model(model)
    root = tmp_path_factory.mktemp("data")
    (root / "mlperf_tiny").mkdir()
    (root / "mlperf_tiny" / "kws_ref_model_float32.tflite").write_bytes(make.convert())
    make.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    make.representative_dataset = lambda: (
        [rng.normal(size=(1, 9, 7, 1)).astype(np.float32)] for _ in range(20)
    )
    make.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
    make.inference_input_type = make.inference_output_type = tensorflow.int8
    (root / "mlperf_tiny" / "kws_ref_model.tflite").write_bytes(make.convert())
    return root


def measure(script, out: Path, work: Path) -> dict:
    with pytest.raises(SystemExit) as ended:
        script.main(networks=["kws"], sparsity=[0.5], boards=[BOARD], inputs=30, out=out, work=work)
    assert ended.value.code == 0
    return json.loads(out.read_text())


def test_a_small_network_goes_through_every_part(script, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGMP_DATA", str(folder))
    report = measure(script, tmp_path / "report.json", tmp_path / "work")
    (network,) = report["networks"]
    found = network["import"]
    assert found["before_softmax"]["outputs_that_differ"] == 0
    assert found["against_litert"]["largest_difference"] <= 1
    assert found["c_against_import"] == found["c_against_import"] | {"outputs": 120, "outputs_that_differ": 0}
    imported, packed = network["models"]
    assert (imported["sparsity"], packed["sparsity"]) == (None, 0.5)
    assert packed["nonzero"] < imported["nonzero"]
    for model in (imported, packed):
        assert [(row["board"], row["level"]) for row in model["boards"]] == [(BOARD, "smallest")]
        assert all(row["fits"] and row["instructions"] > 1000 for row in model["boards"])
        assert [row["core"] for row in model["cores"]] == ["cortex-m4f", "rv32ec"]
        assert model["tflite_micro"]["arena_bytes"] > 500
        assert {"kws_ref_model.c", "kws.c"} & set(model["file_bytes"])

    def not_again(*_: object) -> None:
        raise AssertionError("a part that is done was measured again")

    monkeypatch.setattr(script, "import_report", not_again)
    monkeypatch.setattr(script, "model_report", not_again)
    assert measure(script, tmp_path / "again.json", tmp_path / "work") == report


def test_a_difference_is_told_and_an_unknown_network_refused(script):
    row = {"core": "cortex-m4f", "differences": 1}
    model = {"model": script.IMPORTED, "boards": [row], "cores": [], "runtimes": []}
    model["runtimes"].append({"form": "onnx, f32", "real": True, "agrees": False})
    network = {"name": "kws", "import": {"c_against_import": {"outputs_that_differ": 0}}, "models": [model]}
    assert script.broken({"networks": [network]}) == [f"kws, {script.IMPORTED}: cortex-m4f"]
    with pytest.raises(SystemExit) as ended:
        script.main(networks=["faces"], inputs=1)
    assert ended.value.code == 2


def test_reconstruction_errors_and_pixels(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from mlperf_measures import differences
    from mlperf_networks import as_int8

    found = differences(np.array([[1, 2], [3, 4]], np.int8), np.array([[1, 3], [5, 4]]))
    assert found == {
        "inputs": 2,
        "outputs": 4,
        "outputs_that_differ": 2,
        "largest_difference": 2,
        "classes_that_differ": 1,
    }
    assert as_int8(np.array([0, 128, 255], np.uint8)).tolist() == [-128, 0, 127]
