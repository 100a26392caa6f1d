"""Keras files: published ones equal their own runtimes, hand-made ones fold right, others are refused."""

import json
from itertools import pairwise

import h5py
import numpy as np
import pytest

from tinygmp.errors import DataError, UnsupportedError
from tinygmp.floats.operators.linear import Linear
from tinygmp.graph.reference.run import run
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.readers.keras_h5 import load_keras
from tinygmp.readers.npz import load_npz
from tinygmp.recipes.images import open_image_sample

RNG = np.random.default_rng(0)


def small_model() -> tuple[list[dict], dict[str, np.ndarray]]:
    """A stem with batch norm, a depthwise layer, and a classifier, as Keras describes them."""

    def layer(kind, name, **config):
        return {"class_name": kind, "config": {"name": name, **config}}

    layers = [
        layer("InputLayer", "input", batch_input_shape=[None, 8, 8, 3]),
        layer("ZeroPadding2D", "pad", padding=[[0, 1], [0, 1]]),
        layer("Conv2D", "conv", strides=[2, 2], padding="valid", use_bias=False, activation="linear"),
        layer("BatchNormalization", "bn", epsilon=1e-3),
        layer("ReLU", "relu", max_value=6.0),
        layer(
            "DepthwiseConv2D",
            "depth",
            strides=[1, 1],
            padding="same",
            use_bias=True,
            activation="relu",
            depth_multiplier=1,
        ),
        layer("GlobalAveragePooling2D", "pool"),
        layer("Dropout", "drop", rate=0.1),
        layer("Dense", "dense", use_bias=True, activation="softmax"),
    ]
    arrays = {
        "conv/conv/kernel:0": RNG.normal(0, 0.3, (3, 3, 3, 4)),
        "bn/bn/gamma:0": RNG.uniform(0.5, 1.5, 4),
        "bn/bn/beta:0": RNG.normal(0.5, 0.2, 4),
        "bn/bn/moving_mean:0": RNG.normal(0, 0.2, 4),
        "bn/bn/moving_variance:0": RNG.uniform(0.5, 1.5, 4),
        "depth/depth/depthwise_kernel:0": RNG.normal(0, 0.3, (3, 3, 4, 1)),
        "depth/depth/bias:0": RNG.normal(0, 0.3, 4),
        "dense/dense/kernel:0": RNG.normal(0, 1, (4, 2)),
        "dense/dense/bias:0": RNG.normal(0, 1, 2),
    }
    return layers, arrays


def written(path, layers, arrays):
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": {"layers": layers}})
        group = file.create_group("model_weights")
        for name, array in arrays.items():
            group.create_dataset(name, data=array.astype(np.float32))
    return path


def by_hand(arrays, pixels):
    """The network in loops over rows and columns, batch norm unfolded."""
    a = {name.split("/")[0] + "/" + name.split("/")[-1][:-2]: array for name, array in arrays.items()}
    x = np.pad(pixels / 127.5 - 1, ((0, 1), (0, 1), (0, 0)))
    conv = np.array(
        [
            [np.tensordot(x[2 * r : 2 * r + 3, 2 * c : 2 * c + 3], a["conv/kernel"], 3) for c in range(4)]
            for r in range(4)
        ]
    )
    normal = (conv - a["bn/moving_mean"]) / np.sqrt(a["bn/moving_variance"] + 1e-3) * a["bn/gamma"] + a[
        "bn/beta"
    ]
    x = np.pad(np.clip(normal, 0, 6), ((1, 1), (1, 1), (0, 0)))
    kernel = a["depth/depthwise_kernel"][..., 0]
    depth = np.array([[(x[r : r + 3, c : c + 3] * kernel).sum((0, 1)) for c in range(4)] for r in range(4)])
    mean = np.maximum(depth + a["depth/bias"], 0).mean((0, 1))
    return mean @ a["dense/kernel"] + a["dense/bias"]


def test_a_small_model_worked_out_in_loops(tmp_path):
    layers, arrays = small_model()
    weights = load_keras(written(tmp_path / "small.h5", layers, arrays))
    pixels = RNG.integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    expected = np.array([by_hand(arrays, image) for image in pixels])
    np.testing.assert_allclose(weights.logits(pixels), expected, atol=1e-4)
    assert [node.operator.limits.name for node in weights.nodes_of(Linear)] == ["relu6", "relu", "none"]
    assert [node.name for node in weights.nodes] == ["input", "conv0", "dw1", "pool", "fc"]


def test_branches_pools_and_clamps_worked_out_in_loops(tmp_path):
    """A Functional model whose layers name what they read: two branches, a sum, a join, a pool, a clamp at 4."""
    layers, arrays = small_model()
    layers[4]["config"]["max_value"] = 4.0

    def read(*names: str) -> list:
        return [[[name, 0, 0, {}] for name in names]]

    def layer(kind, name, reads, **config):
        return {
            "class_name": kind,
            "name": name,
            "config": {"name": name, **config},
            "inbound_nodes": read(*reads),
        }

    for before, after in pairwise(layers[:6]):
        after["inbound_nodes"] = read(before["config"]["name"])
    layers[6:] = [
        layer("Add", "sum", ("depth", "relu")),
        layer("Concatenate", "join", ("sum", "depth"), axis=-1),
        layer("MaxPooling2D", "max", ("join",), pool_size=[2, 2], strides=[2, 2], padding="valid"),
        layer("Flatten", "flat", ("max",)),
        layer("Dense", "dense", ("flat",), use_bias=True, activation="softmax"),
    ]
    arrays["dense/dense/kernel:0"] = RNG.normal(0, 1, (32, 2))
    graph = load_keras(written(tmp_path / "branches.h5", layers, arrays))
    pixels = RNG.integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    values = graph.trace(pixels)
    relu, depth = np.clip(values["conv0_out"], 0, 4), values["dw1_out"]
    joined = np.concatenate([relu + depth, depth], axis=-1).reshape(3, 2, 2, 2, 2, 8).max(axis=(2, 4))
    expected = joined.reshape(3, -1) @ arrays["dense/dense/kernel:0"] + arrays["dense/dense/bias:0"]
    np.testing.assert_allclose(graph.logits(pixels), expected, rtol=1e-4, atol=1e-4)
    assert (
        graph.node("conv0").operator.limits.high == 4
    )  # read twice, but the clamp is read, not what was before it


def test_a_series_and_a_vector_are_plain_reals(tmp_path):
    def layer(kind, name, **config):
        return {"class_name": kind, "config": {"name": name, **config}}

    layers = [
        layer("Conv1D", "conv", batch_input_shape=[None, 10, 3], strides=[2], padding="causal", dilation_rate=[2],
              use_bias=True, activation="relu", groups=1),
        layer("GlobalAveragePooling1D", "pool"),
        layer("Dense", "dense", use_bias=True, activation="linear"),
    ]  # fmt: skip
    arrays = {
        "conv/conv/kernel:0": RNG.normal(0, 1, (3, 3, 5)), "conv/conv/bias:0": RNG.normal(0, 1, 5),
        "dense/dense/kernel:0": RNG.normal(0, 1, (5, 2)), "dense/dense/bias:0": RNG.normal(0, 1, 2),
    }  # fmt: skip
    graph = load_keras(written(tmp_path / "series.h5", layers, arrays))
    assert dict(graph.inputs) == {"x": (1, 10, 3)}
    x = RNG.normal(0, 1, (2, 10, 3))
    padded = np.pad(x, ((0, 0), (4, 0), (0, 0)))  # causal: two steps of dilation two before
    kernel, bias = arrays["conv/conv/kernel:0"], arrays["conv/conv/bias:0"]
    steps = [sum(padded[:, 2 * t + 2 * k] @ kernel[k] for k in range(3)) + bias for t in range(5)]
    mean = np.maximum(np.stack(steps, axis=1), 0).mean(axis=1)
    expected = mean @ arrays["dense/dense/kernel:0"] + arrays["dense/dense/bias:0"]
    np.testing.assert_allclose(graph.logits(x[:, None].astype(np.float32)), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda layers: layers.insert(5, {"class_name": "UpSampling2D", "config": {"name": "up"}}),
            "layer 'up': UpSampling2D is not supported; supported: convolutions",
        ),
        (lambda layers: layers[4]["config"].update(negative_slope=0.1), "layer 'relu': ReLU with"),
        (lambda layers: layers[5]["config"].update(activation="swish"), "activation 'swish'"),
    ],
)
def test_other_architectures_are_refused_by_name(tmp_path, change, told):
    layers, arrays = small_model()
    change(layers)
    with pytest.raises(UnsupportedError, match=told):
        load_keras(written(tmp_path / "other.h5", layers, arrays))


def test_what_is_no_model_is_told(tmp_path):
    (tmp_path / "text.h5").write_text("no HDF5")
    layers, arrays = small_model()
    del arrays["bn/bn/gamma:0"]
    for path in (tmp_path / "text.h5", tmp_path / "absent.h5", written(tmp_path / "half.h5", layers, arrays)):
        with pytest.raises(DataError, match="is no Keras model"):
            load_keras(path)
    with pytest.raises(DataError, match="is unknown; known: minus_one_to_one"):
        load_keras(tmp_path / "text.h5", "0..255")


@pytest.mark.real_data
def test_published_files_compute_what_their_own_runtime_computes(data_root):
    """MobileNet-V1 0.25 against the same weights as arrays, VWW against its TFLite file in LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    pixels, _, _ = open_image_sample(data_root / "imagenet_sample", 128, limit=12)
    keras = load_keras(data_root / "mobilenet_v1" / "mobilenet_128_0_25.h5")
    arrays = load_npz(data_root / "mobilenet_v1" / "mobilenet_v1_0.25_128.npz", 128)
    np.testing.assert_allclose(keras.logits(pixels), arrays.logits(pixels), atol=1e-4)

    vww = load_keras(data_root / "mlperf_tiny" / "vww_96.h5", "zero_to_one")
    pixels, _, _ = open_image_sample(data_root / "imagenet_sample", 96, limit=60)
    interpreter = Interpreter(model_path=str(data_root / "mlperf_tiny" / "vww_96_float.tflite"))
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    expected = []
    for image in pixels:
        interpreter.set_tensor(source, (image[None] / 255).astype(np.float32))
        interpreter.invoke()
        expected.append(interpreter.get_tensor(target)[0])
    logits = vww.logits(pixels)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(shares / shares.sum(axis=1, keepdims=True), expected, atol=1e-4)
    model = pack(vww, pixels[:30], PackIdentity("vww", ("no person", "person"), {}))
    assert np.mean(run(model, pixels).classes == logits.argmax(axis=1)) >= 0.95
    assert model.values["input_out"].zero_point == -128  # black is padded with, as in training
