"""Image networks in onnxruntime: exact to the bit, int8 within few units, float and sparse within rounding."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from converters.to_onnx.images import convert_images
from converters.to_onnx.run_images import run_onnx_images
from tinygmp.packed.image_model import Activation, ImageLinear, PackedModel

from converters.base import converter
from tinygmp.errors import DataError, FileFormatError
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.reference.run import run
from tinygmp.quant.rounding_multiply import ROUNDINGS

SHAPES = {"even": (20, 4, ((6, 1), (8, 2), (16, 1))), "odd": (17, 5, ((7, 2), (13, 1), (70, 2)))}


@pytest.fixture(params=SHAPES.values(), ids=SHAPES.keys())
def model(request) -> PackedModel:
    return random_image_model(5, *request.param, 3, 0.25, "rice")


def images(model: PackedModel, count: int = 6) -> np.ndarray:
    rng = np.random.default_rng(1)
    coarse = np.repeat(np.repeat(rng.integers(0, 256, (count, 4, 4, 3)), 5, 1), 5, 2)
    return coarse[:, : model.size, : model.size].astype(np.uint8)


def with_rounding(model: PackedModel, rounding: str) -> PackedModel:
    layers = tuple(
        replace(layer, rounding=rounding) if isinstance(layer, ImageLinear) else layer
        for layer in model.layers
    )
    return replace(model, layers=layers)


def integers(model: PackedModel, logits: np.ndarray) -> np.ndarray:
    last = model.linear()[-1].output
    return np.rint(logits / last.scale + last.zero_point)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_the_exact_form_equals_the_reference_to_the_bit(model, rounding):
    model = with_rounding(model, rounding)
    pixels = images(model)
    expected = run(model, pixels).logits
    assert len(np.unique(expected, axis=0)) > 1
    content = convert_images(model).files[f"{model.name}_exact.onnx"]
    assert np.array_equal(integers(model, run_onnx_images(content, pixels)), expected)


def test_sums_beyond_float32_are_split_and_stay_exact():
    model = random_image_model(2, 4, 4, ((1500, 1), (3, 1)), 2)
    wide = next(layer for layer in model.linear() if layer.name == "pw2")
    assert np.abs(wide.weights.decode()).sum(axis=1, dtype=np.int64).max() * 255 > 2**24
    content = convert_images(model).files["random_images2_exact.onnx"]
    names = {tensor.name for tensor in onnx.load_from_string(content).graph.initializer}
    assert {"pw1.weights", "pw2.weights.0", "pw2.weights.1"} <= names
    pixels = images(model, 3)
    assert np.array_equal(integers(model, run_onnx_images(content, pixels)), run(model, pixels).logits)


def test_int8_differs_by_few_units_and_float_by_rounding(model):
    pixels = images(model)
    expected = run(model, pixels).logits.astype(float)
    files = convert_images(model).files
    int8 = integers(model, run_onnx_images(files[f"{model.name}_int8.onnx"], pixels))
    assert np.abs(int8 - expected).max() <= 4
    # Beyond the int8 range float logits go on; within it they follow.
    real = np.clip(integers(model, run_onnx_images(files[f"{model.name}.onnx"], pixels)), -128, 127)
    assert np.abs(real - expected).mean() < 8


def test_the_int8_form_holds_the_packed_integers_and_scales(model):
    graph = onnx.load_from_string(convert_images(model).files[f"{model.name}_int8.onnx"]).graph
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    layer = model.linear()[2]
    assert np.array_equal(stored[f"{layer.name}.weights"][:, :, 0, 0], layer.weights.decode())
    assert np.array_equal(stored[f"{layer.name}.weights.scale"], layer.weight_scales)
    assert np.array_equal(stored[f"{layer.name}.bias"], layer.bias)


@pytest.mark.parametrize("activation", ["none", "relu", "relu6"])
def test_every_activation(activation):
    model = random_image_model(5, *SHAPES["even"], 3)
    layer = model.layers[2]
    wide = Activation(float(np.float32(10 / 255)), -100)
    changed = replace(layer, output=wide, activation=activation)
    following = replace(model.layers[3], input=wide)
    model = replace(model, layers=(*model.layers[:2], changed, following, *model.layers[4:]))
    pixels = images(model)
    files = convert_images(model).files
    expected = run(model, pixels).logits.astype(float)
    assert np.array_equal(
        integers(model, run_onnx_images(files[f"{model.name}_exact.onnx"], pixels)), expected
    )
    int8 = integers(model, run_onnx_images(files[f"{model.name}_int8.onnx"], pixels))
    assert np.abs(int8 - expected).max() <= 4


def test_sparse_initializers_where_they_are_smaller():
    sparse = random_image_model(1, 12, 4, ((60, 1), (200, 1)), 5, 0.1, "rice")
    files = convert_images(sparse).files
    small = files["random_images1_sparse.onnx"]
    assert len(small) < 0.6 * len(files["random_images1.onnx"])
    pixels = images(sparse, 2)
    same = run_onnx_images(files["random_images1.onnx"], pixels)
    assert np.array_equal(run_onnx_images(small, pixels), same)
    dense = random_image_model(1, 12, 4, ((60, 1),), 5)
    assert "random_images1_sparse.onnx" not in converter("onnx")(dense).files


def test_bad_input_is_told(model):
    content = convert_images(model).files[f"{model.name}.onnx"]
    with pytest.raises(DataError, match="uint8 images"):
        run_onnx_images(content, np.zeros((1, 3, 3, 3), np.uint8))
    with pytest.raises(FileFormatError, match="onnxruntime refused"):
        run_onnx_images(b"no model", images(model))
