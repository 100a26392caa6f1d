"""Image networks in onnxruntime: exact to the bit, int8 within few units, float and sparse within rounding."""

import numpy as np
import onnx
import pytest

from converters.to_onnx.convert import convert
from converters.to_onnx.run_graph import run_onnx_graph
from tests.converters.image_models import integers, with_meaning
from tests.graph_edits import with_fields
from tinygmp.errors import DataError, FileFormatError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.limits import named_limits
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
    rows, columns, _ = model.input.shape
    return coarse[:, :rows, :columns].astype(np.uint8)


def logits(content: bytes, pixels: np.ndarray) -> np.ndarray:
    return run_onnx_graph(content, [pixels])["logits"]


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_the_exact_form_equals_the_reference_to_the_bit(shape, rounding):
    model = random_image_model(5, *shape, 3, 0.25, "rice", rounding)
    pixels = images(model)
    expected = run(model, pixels)
    assert len(np.unique(expected.logits, axis=0)) > 1
    found = run_onnx_graph(convert(model).files[f"{model.name}_exact.onnx"], [pixels])
    assert np.array_equal(integers(model, found["logits"]), expected.logits)
    assert np.array_equal(found["class"], expected.classes)


def test_sums_beyond_float32_are_split_and_stay_exact():
    model = random_image_model(2, 4, 4, ((1500, 1), (3, 1)), 2)
    wide = model.node("pw2").operator.weights.decode()
    assert np.abs(wide).sum(axis=1, dtype=np.int64).max() * 255 > 2**24
    content = convert(model).files["random_images2_exact.onnx"]
    names = {tensor.name for tensor in onnx.load_from_string(content).graph.initializer}
    assert {"pw1.weights", "pw2.weights.0", "pw2.weights.1"} <= names
    pixels = images(model, 3)
    assert np.array_equal(integers(model, logits(content, pixels)), run(model, pixels).logits)


def test_int8_differs_by_few_units_and_float_by_rounding(model):
    pixels = images(model)
    expected = run(model, pixels).logits.astype(float)
    files = convert(model).files
    int8 = integers(model, logits(files[f"{model.name}_int8.onnx"], pixels))
    assert np.abs(int8 - expected).max() <= 4
    # Beyond the int8 range float logits go on; within it they follow.
    real = np.clip(integers(model, logits(files[f"{model.name}.onnx"], pixels)), -128, 127)
    assert np.abs(real - expected).mean() < 8


def test_the_int8_form_holds_the_packed_integers_and_scales(model):
    graph = onnx.load_from_string(convert(model).files[f"{model.name}_int8.onnx"]).graph
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    layer = model.node("pw1").operator
    assert np.array_equal(stored["pw1.weights"][:, :, 0, 0], layer.weights.decode())
    assert np.array_equal(stored["pw1.weights.scale"], layer.weight_scales)
    assert np.array_equal(stored["pw1.bias"], layer.bias)


@pytest.mark.parametrize("activation", ["none", "relu", "relu6"])
def test_every_activation(activation):
    model = random_image_model(5, *SHAPES["even"], 3)
    model = with_meaning(model, "pw1_out", float(np.float32(10 / 255)), -100)
    model = with_fields(model, "pw1", limits=named_limits(activation))
    pixels = images(model)
    files = convert(model).files
    expected = run(model, pixels).logits.astype(float)
    assert np.array_equal(integers(model, logits(files[f"{model.name}_exact.onnx"], pixels)), expected)
    int8 = integers(model, logits(files[f"{model.name}_int8.onnx"], pixels))
    assert np.abs(int8 - expected).max() <= 4


def test_sparse_initializers_where_they_are_smaller():
    sparse = random_image_model(1, 12, 4, ((60, 1), (200, 1)), 5, 0.1, "rice")
    files = convert(sparse).files
    small = files["random_images1_sparse.onnx"]
    assert len(small) < 0.6 * len(files["random_images1.onnx"])
    pixels = images(sparse, 2)
    assert np.array_equal(logits(small, pixels), logits(files["random_images1.onnx"], pixels))
    dense = random_image_model(1, 12, 4, ((60, 1),), 5)
    assert "random_images1_sparse.onnx" not in convert(dense).files


def test_bad_input_is_told(model):
    content = convert(model).files[f"{model.name}.onnx"]
    with pytest.raises(DataError, match=r"the model needs 'pixels' as tensor\(uint8\)"):
        run_onnx_graph(content, [np.zeros((1, 3, 3, 3), np.uint8)])
    with pytest.raises(FileFormatError, match="onnxruntime refused"):
        run_onnx_graph(b"no model", [images(model)])
