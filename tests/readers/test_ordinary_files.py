"""Files as users have them: Keras 3 of both kinds, torch's older exporter, its pruning's masks, dynamic batches."""

import zipfile

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils import prune

from tinygmp.errors import DataError
from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.readers.keras_h5 import load_keras
from tinygmp.readers.load import load_graph
from tinygmp.readers.onnx import load_onnx
from tinygmp.readers.tflite import load_tflite
from tinygmp.readers.torch_state import load_torch

RNG = np.random.default_rng(0)


def keras_models() -> dict:
    """Return ordinary small networks by name; none ends in a softmax, which readers leave out."""
    keras = pytest.importorskip("keras", reason="install it with: pip install tensorflow")
    layers = keras.layers

    def chain(shape: tuple[int, ...], *parts):
        return keras.Sequential([layers.Input(shape), *parts])

    entry = layers.Input((12, 12, 3))
    before = layers.Conv2D(4, 3, padding="same", activation="relu")(entry)
    after = layers.ReLU()(layers.Add()([before, layers.Conv2D(4, 3, padding="same")(before)]))
    residual = keras.Model(entry, layers.Dense(3)(layers.GlobalAveragePooling2D()(after)))
    return {
        "keywords": chain(
            (49, 10, 1),
            layers.Conv2D(8, (10, 4), strides=(2, 2), padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.DepthwiseConv2D(3, padding="same", use_bias=False),
            layers.BatchNormalization(scale=False),
            layers.ReLU(6.0),
            layers.SeparableConv2D(5, 3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(12),
        ),
        "series": chain(
            (40, 3),
            layers.Conv1D(6, 5, activation="relu", padding="causal", dilation_rate=2),
            layers.MaxPool1D(2),
            layers.Conv1D(4, 3),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2),
        ),
        "digits": chain(
            (14, 14, 1),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPool2D(2),
            layers.Flatten(),
            layers.Dense(5),
        ),
        "vectors": chain((30,), layers.Dense(9, activation="relu"), layers.Dropout(0.2), layers.Dense(1)),
        "residual": residual,
    }


@pytest.fixture(scope="module")
def models():
    return keras_models()


def inputs_of(model) -> np.ndarray:
    return RNG.normal(size=(3, *model.input_shape[1:])).astype(np.float32)


def as_read(graph, x: np.ndarray) -> np.ndarray:
    (shape,) = graph.inputs.values()
    return graph.logits(x.reshape(len(x), *shape))


@pytest.mark.parametrize("ending", ["h5", "keras"])
@pytest.mark.parametrize("name", ["keywords", "series", "digits", "vectors", "residual"])
def test_keras_files_of_both_kinds(models, tmp_path, name, ending):
    model = models[name]
    model.save(tmp_path / f"model.{ending}")
    x = inputs_of(model)
    found = as_read(load_keras(tmp_path / f"model.{ending}", None), x)
    np.testing.assert_allclose(found, model.predict(x, verbose=0), atol=1e-4)


def test_load_graph_knows_the_ending(models, tmp_path):
    models["digits"].save(tmp_path / "model.keras")
    assert next(iter(load_graph(tmp_path / "model.keras").inputs.values())) == (14, 14, 1)


def test_a_damaged_keras_archive_is_told(models, tmp_path):
    path = tmp_path / "model.keras"
    models["digits"].save(path)
    content = path.read_bytes()
    path.write_bytes(content[:200] + b"torn" + content[204:])
    with pytest.raises(DataError, match=r"model\.keras"):
        load_keras(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(DataError, match="no Keras model"):
        load_keras(path)


@pytest.mark.parametrize("name", ["digits", "keywords"])
def test_tflite_files_for_a_batch_of_any_size(models, tmp_path, name):
    """The converter flattens with SHAPE, STRIDED_SLICE and PACK where the batch is open."""
    tensorflow = pytest.importorskip("tensorflow", reason="install it with: pip install tensorflow")
    model = models[name]
    content = tensorflow.lite.TFLiteConverter.from_keras_model(model).convert()
    (tmp_path / "model.tflite").write_bytes(content)
    x = inputs_of(model)
    found = as_read(load_tflite(tmp_path / "model.tflite", None), x)
    np.testing.assert_allclose(found, model.predict(x, verbose=0), atol=1e-4)


@pytest.mark.parametrize("name", ["wide", "vectors"])
def test_tflite_files_of_int8_weights_and_float_arithmetic(tmp_path, name):
    """What the converter calls dynamic range: each weight is within half a step of its scale."""
    tensorflow = pytest.importorskip("tensorflow", reason="install it with: pip install tensorflow")
    layers = tensorflow.keras.layers
    parts = {
        "wide": ((8, 8, 16), [layers.Conv2D(24, 3), layers.GlobalAveragePooling2D(), layers.Dense(5)]),
        "vectors": ((64,), [layers.Dense(48, activation="relu"), layers.Dense(32)]),
    }
    shape, chain = parts[name]
    tensorflow.keras.utils.set_random_seed(0)
    model = tensorflow.keras.Sequential([layers.Input(shape), *chain])
    make = tensorflow.lite.TFLiteConverter.from_keras_model(model)
    make.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    (tmp_path / "model.tflite").write_bytes(make.convert())
    graph = load_tflite(tmp_path / "model.tflite", None)
    weights = next(iter(graph.prunable().values()))
    assert 100 < len(np.unique(weights)) <= 255 * len(weights)  # int8 ones, of one scale or one a row
    x = inputs_of(model)
    np.testing.assert_allclose(as_read(graph, x), model.predict(x, verbose=0), atol=0.03)


def tensor(name: str, array: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(array), name)


def exported_as_before() -> onnx.ModelProto:
    """Return a graph as torch's older exporter writes it: shared weights through Identity, a computed shape."""
    weights = RNG.normal(size=(4, 2, 3, 3)).astype(np.float32)
    last = RNG.normal(size=(5, 4)).astype(np.float32)
    node = helper.make_node
    nodes = [
        node("Identity", ["conv_w"], ["conv_w2"]),
        node("Conv", ["x", "conv_w2"], ["maps"], kernel_shape=[3, 3]),
        node("Relu", ["maps"], ["active"]),
        node("ReduceMean", ["active"], ["means"], axes=[2, 3], keepdims=1),
        node("Shape", ["means"], ["shape"]),
        node("Gather", ["shape", "zero"], ["batch"], axis=0),
        node("Unsqueeze", ["batch", "axis"], ["batch_1"]),
        node("Concat", ["batch_1", "rest"], ["target"], axis=0),
        node("Reshape", ["means", "target"], ["flat"]),
        node("Gemm", ["flat", "last"], ["y"], transB=1),
    ]
    constants = [tensor("conv_w", weights), tensor("last", last), tensor("zero", np.int64(0))]
    constants += [tensor("axis", np.array([0], np.int64)), tensor("rest", np.array([-1], np.int64))]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", 2, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["b", 5])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def onnx_answers(path, x: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    return session.run(None, {session.get_inputs()[0].name: x.transpose(0, 3, 1, 2)})[0]


def test_onnx_of_the_older_exporter(tmp_path):
    onnx.save(exported_as_before(), tmp_path / "model.onnx")
    x = RNG.normal(size=(3, 6, 6, 2)).astype(np.float32)
    found = load_onnx(tmp_path / "model.onnx", None, None).logits(x)
    np.testing.assert_allclose(found, onnx_answers(tmp_path / "model.onnx", x), atol=1e-4)


def test_onnx_weights_beside_the_file_wherever_one_stands(tmp_path, monkeypatch):
    folder = tmp_path / "there"
    folder.mkdir()
    onnx.save(
        exported_as_before(),
        folder / "model.onnx",
        save_as_external_data=True,
        location="w.bin",
        size_threshold=100,
    )
    monkeypatch.chdir(tmp_path)
    x = RNG.normal(size=(2, 6, 6, 2)).astype(np.float32)
    found = load_onnx(folder / "model.onnx", None, None).logits(x)
    np.testing.assert_allclose(found, onnx_answers(folder / "model.onnx", x), atol=1e-4)
    (folder / "w.bin").unlink()
    with pytest.raises(DataError, match="must lie beside it"):
        load_onnx(folder / "model.onnx", None, None)


def test_a_network_pruned_with_torchs_own_masks(tmp_path):
    """Also in a checkpoint, and of a module that ran on several devices."""
    torch.manual_seed(0)
    network = MobileNetV1(classes=4, width=0.25)
    parts = [(part, "weight") for part in network.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    prune.global_unstructured(parts, prune.L1Unstructured, amount=0.7)
    torch.save(network.state_dict(), tmp_path / "masks.pt")
    torch.save({"state_dict": network.state_dict(), "epoch": 3}, tmp_path / "checkpoint.pt")
    torch.save(nn.DataParallel(network).state_dict(), tmp_path / "parallel.pt")
    for part, name in parts:
        prune.remove(part, name)
    torch.save(network.state_dict(), tmp_path / "plain.pt")
    expected = load_torch(tmp_path / "plain.pt", 32).prunable()
    for name in ("masks", "checkpoint", "parallel"):
        found = load_torch(tmp_path / f"{name}.pt", 32)
        assert found.nnz < 0.35 * found.weight_count
        for matrix, weights in found.prunable().items():
            np.testing.assert_array_equal(weights, expected[matrix])


@pytest.mark.parametrize(
    "raised", [RuntimeError("object visitation failed"), StopIteration(), ZeroDivisionError()]
)
def test_whatever_a_library_raises_is_told_as_a_damaged_file(tmp_path, monkeypatch, raised):
    path = tmp_path / "model.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")

    def fail(*arguments):
        raise raised

    monkeypatch.setattr("tinygmp.readers.keras_h5.load_keras", fail)
    with pytest.raises(DataError, match=r"model\.h5' is a damaged file, or a Keras model of another make"):
        load_graph(path)
