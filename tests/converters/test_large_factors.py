"""Networks whose layers need factors of 1 and more: C, ONNX and TFLite give what the reference gives."""

from dataclasses import replace

import numpy as np
import pytest
from converters.to_c.images import convert_images, has_large_factors
from converters.to_onnx.images import convert_images as convert_onnx
from converters.to_onnx.run_images import run_onnx_images
from converters.to_tflite.images import convert_images as convert_tflite
from converters.to_tflite.run_images import run_micro_images, run_tflite_images
from tinygmp.device.images import image_words
from tinygmp.packed.image_model import Activation, ImageLinear, PackedModel

from tinygmp.device.board import find_board
from tinygmp.device.host import run_on_host
from tinygmp.device.lab import simulate
from tinygmp.device.toolchain import build
from tinygmp.errors import RangeError
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.reference.run import run
from tinygmp.quant.rounding_multiply import ROUNDINGS
from tinygmp.sparse import encode

LARGE = ("stem", "pw1", "dw3", "fc")  # every kind of layer
NARROW = ("dw1", "pw2", "pw3")  # before those: maps of few units, as sums must be small for a large factor
SPREAD, FEW = Activation(float(np.float32(0.02)), 5), Activation(1.0, -3)
ARENA_BYTES = 1 << 19
FACTORS = (1.01, 2.49, 100.0, 255.9)


def network(largest: float, rounding: str, large: tuple[str, ...] = LARGE) -> PackedModel:
    """Return a network with factors up to `largest` in the named layers, down to a quarter of it in other channels."""
    model = random_image_model(3, 9, 6, ((7, 1), (12, 2), (9, 2)), 5, rounding=rounding)
    rng, layers, before = np.random.default_rng(7), [], model.linear()[0].input
    ordinary, before_large = min(0.6, largest), min(0.24, max(0.02, 0.6 / largest))
    for layer in model.layers:
        if isinstance(layer, ImageLinear):
            narrow = large == LARGE and layer.name in NARROW
            layer = replace(layer, input=before, activation="none", output=FEW if narrow else SPREAD)
            factor = largest if layer.name in large else before_large if narrow else ordinary
            layer = with_factor(layer, factor, rng)
            before = layer.output
        layers.append(layer)
    return replace(model, layers=tuple(layers))


def with_factor(layer: ImageLinear, factor: float, rng: np.random.Generator) -> ImageLinear:
    """Return the layer with weights -1, 0 and 1, about four that are not zero in each row, and that largest factor."""
    shape = layer.weights.shape
    q = rng.choice([-1, 1], shape) * (rng.random(shape) < 4 / shape[1])
    share = np.ones(layer.outputs) if layer.name == "fc" else rng.uniform(0.25, 1, layer.outputs)
    share[0] = 1
    return replace(
        layer,
        weights=encode(layer.weights.name, q.astype(np.int8), 1.0, "dense"),
        weight_scales=(factor * share * layer.output.scale / layer.input.scale).astype(np.float32),
        bias=rng.integers(-2, 3, layer.outputs).astype(np.int32),
    )


def images(model: PackedModel) -> np.ndarray:
    """Return pixels around 128, the nearer the larger the factors, and one image of extremes."""
    rng = np.random.default_rng(1)
    away = max(2, int(60 / model.linear()[0].factors().max()))
    pixels = rng.integers(128 - away, 129 + away, (12, model.size, model.size, 3))
    pixels[0] = rng.integers(0, 2, pixels[0].shape) * 255
    return pixels.astype(np.uint8)


@pytest.fixture(params=ROUNDINGS)
def rounding(request) -> str:
    return request.param


@pytest.fixture(params=FACTORS)
def model(request, rounding) -> PackedModel:
    found = network(request.param, rounding)
    assert {layer.requantizers()[1].max() > 0 for layer in found.linear() if layer.name in LARGE} == {True}
    assert len(np.unique(run(found, images(found)).logits, axis=0)) > 6
    return found


def test_c_equals_the_reference_under_sanitizers(model):
    pixels = images(model)
    expected = run(model, pixels).logits
    for defines in ((), ("TG_DSP_EMULATED", "TG_NO_LONG_MULTIPLY")):
        found = run_on_host(convert_images(model), image_words(pixels), sanitize=True, defines=defines)
        assert np.array_equal(found.logits, expected)


@pytest.mark.parametrize("board", ["nucleo-l432kc", "nucleo-g071rb", "esp32-c3"])
@pytest.mark.parametrize("largest", [2.49, 100.0])
def test_c_equals_the_reference_on_simulated_cores(board, largest, rounding):
    model = network(largest, rounding)
    pixels = images(model)[:4]
    result = simulate(build(convert_images(model), find_board(board), "fastest"), image_words(pixels))
    assert np.array_equal(result.logits, run(model, pixels).logits)


def test_onnx_in_the_reference_s_integers_equals_it(model):
    pixels, last = images(model), model.linear()[-1].output
    files = convert_onnx(model).files
    logits = run_onnx_images(files[f"{model.name}_exact.onnx"], pixels)
    expected = run(model, pixels).logits
    assert np.array_equal(np.rint(logits / last.scale + last.zero_point), expected)


@pytest.mark.parametrize("largest", FACTORS)
def test_onnx_int8_differs_by_few_units(largest, rounding):
    """Later layers would multiply what the runtime rounds otherwise, so only the first has a large factor."""
    model = network(largest, rounding, ("stem",))
    pixels, last = images(model), model.linear()[-1].output
    logits = run_onnx_images(convert_onnx(model).files[f"{model.name}_int8.onnx"], pixels)
    expected = run(model, pixels).logits.astype(int)
    assert len(np.unique(expected, axis=0)) > 6
    assert np.abs(np.rint(logits / last.scale + last.zero_point) - expected).max() <= 4


def test_litert_equals_the_reference(model):
    """Under XNNPACK, or under the reference kernels and in TFLite Micro, whichever round as the model does."""
    pixels = images(model)
    content = convert_tflite(model, ("int8",)).files[f"{model.name}_int8.tflite"]
    expected = run(model, pixels).logits
    found = run_tflite_images(content, pixels, reference_kernels=model.rounding == "gemmlowp")
    assert np.array_equal(found, expected)
    if model.rounding == "gemmlowp":
        assert np.array_equal(run_micro_images(content, pixels, ARENA_BYTES), expected)


@pytest.mark.parametrize(("largest", "needed"), [(0.24, False), (1.01, True)])
def test_signed_shifts_are_compiled_where_they_are_needed_only(rounding, largest, needed):
    model = network(largest, rounding)
    text = convert_images(model).files[f"{model.name}.c"].decode()
    assert has_large_factors(model) == needed
    assert ("#define TG_LARGE_FACTORS" in text) == needed
    assert ("static const int8_t random_images3_fc_shift" in text) == needed


def test_a_factor_of_256_is_refused_by_its_layer(rounding):
    with pytest.raises(
        RangeError, match=r"layer '\w+': requantize factor 256\.0.*must lie between 0 and 256"
    ):
        network(256.0, rounding)
