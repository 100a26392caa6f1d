"""Keras files: published ones equal their own runtimes, hand-made ones fold right, others are refused."""

import json

import h5py
import numpy as np
import pytest

from tinygmp.errors import DataError, UnsupportedError
from tinygmp.models.keras_h5 import load_keras
from tinygmp.models.mobilenet_v1_weights import float_logits, load_npz
from tinygmp.pack.mobilenet_v1 import calibrate_images, pack_mobilenet
from tinygmp.packed.image_reference import run_images
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
    np.testing.assert_allclose(float_logits(weights, pixels), expected, atol=1e-4)
    assert [layer.activation for layer in weights.layers] == ["relu6", "relu", "none"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda layers: layers.insert(5, {"class_name": "Add", "config": {"name": "sum"}}),
            "layer 'sum': Add is not supported",
        ),
        (lambda layers: layers.pop(), "does not end in a fully connected layer"),
        (lambda layers: layers[2]["config"].update(strides=[2, 1]), "layer 'conv': kernel"),
        (lambda layers: layers[4]["config"].update(max_value=4.0), "layer 'relu': a clamp to 0.0 .. 4.0"),
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
    np.testing.assert_allclose(float_logits(keras, pixels), float_logits(arrays, pixels), atol=1e-4)

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
    logits = float_logits(vww, pixels)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(shares / shares.sum(axis=1, keepdims=True), expected, atol=1e-4)
    model = pack_mobilenet(vww, calibrate_images(vww, pixels[:30]), "vww", ("no person", "person"), {})
    assert np.mean(run_images(model, pixels).classes == logits.argmax(axis=1)) >= 0.95
    assert model.linear()[0].input.zero_point == -128  # black is padded with, as in training
