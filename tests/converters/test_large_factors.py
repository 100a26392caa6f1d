"""Networks whose layers need factors of 1 and more: C, ONNX and TFLite give what the reference gives."""

from dataclasses import replace

import numpy as np
import pytest

from converters.to_c.convert import convert as convert_c
from converters.to_c.operators.linear import has_large_factors
from converters.to_onnx.convert import convert as convert_onnx
from converters.to_onnx.run_graph import run_onnx_graph
from converters.to_tflite.graph_model import convert_graph as convert_tflite
from converters.to_tflite.run_graph import run_micro_graph, run_tflite_graph
from tests.converters.image_models import integers
from tinygmp.device.board import find_board
from tinygmp.device.host import run_on_host
from tinygmp.device.lab import simulate
from tinygmp.device.toolchain import build
from tinygmp.device.words import words_of
from tinygmp.errors import RangeError
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.limits import NO_LIMITS
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.operators.pool import GlobalAveragePool
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.reference.run import run
from tinygmp.graph.values import Value
from tinygmp.quant.rounding_multiply import ROUNDINGS
from tinygmp.sparse import encode

LARGE = ("stem", "pw1", "dw3", "fc")  # every kind of layer
NARROW = ("dw1", "pw2", "pw3")  # before those: maps of few units, as sums must be small for a large factor
SPREAD, FEW = (float(np.float32(0.02)), 5), (1.0, -3)  # scale and zero point
ARENA_BYTES = 1 << 19
FACTORS = (1.01, 2.49, 100.0, 255.9)


def network(largest: float, rounding: str, large: tuple[str, ...] = LARGE) -> PackedModel:
    """Return a network with factors up to `largest` in the named layers, down to a quarter of it in other channels."""
    model = random_image_model(3, 9, 6, ((7, 1), (12, 2), (9, 2)), 5, rounding=rounding)
    rng, nodes, values = np.random.default_rng(7), [], dict(model.values)
    ordinary, before_large = min(0.6, largest), min(0.24, max(0.02, 0.6 / largest))
    for node in model.nodes:
        read, written = values[node.reads[0]], values[node.writes[0]]
        if isinstance(node.operator, GlobalAveragePool):
            written = replace(written, scale=read.scale, zero_point=read.zero_point)
        if isinstance(node.operator, Linear):
            narrow = large == LARGE and node.name in NARROW
            scale, zero_point = FEW if narrow else SPREAD
            written = replace(written, scale=scale, zero_point=zero_point)
            factor = largest if node.name in large else before_large if narrow else ordinary
            node = with_factor(node, factor, read, written, rng)
        nodes.append(node)
        values[written.name] = written
    return replace(model, nodes=tuple(nodes), values=values)


def with_factor(node: Node, factor: float, read: Value, written: Value, rng: np.random.Generator) -> Node:
    """Return the layer with weights -1, 0 and 1, about four that are not zero in each row, and that largest factor."""
    layer = node.operator
    shape = layer.weights.shape
    q = rng.choice([-1, 1], shape) * (rng.random(shape) < 4 / shape[1])
    share = np.ones(layer.outputs) if node.name == "fc" else rng.uniform(0.25, 1, layer.outputs)
    share[0] = 1
    layer = replace(
        layer,
        weights=encode(layer.weights.name, q.astype(np.int8), 1.0, "dense"),
        weight_scales=(factor * share * written.scale / read.scale).astype(np.float32),
        bias=rng.integers(-2, 3, layer.outputs).astype(np.int32),
        limits=NO_LIMITS,
    )
    return replace(node, operator=layer)


def factors(model: PackedModel, name: str) -> np.ndarray:
    node = model.node(name)
    return node.operator.factors(*model.read_by(node), *model.written_by(node))


def images(model: PackedModel) -> np.ndarray:
    """Return pixels around 128, the nearer the larger the factors, and one image of extremes."""
    rng = np.random.default_rng(1)
    away = max(2, int(60 / factors(model, "stem").max()))
    pixels = rng.integers(128 - away, 129 + away, (12, *model.input.shape))
    pixels[0] = rng.integers(0, 2, pixels[0].shape) * 255
    return pixels.astype(np.uint8)


@pytest.fixture(params=ROUNDINGS)
def rounding(request) -> str:
    return request.param


@pytest.fixture(params=FACTORS)
def model(request, rounding) -> PackedModel:
    found = network(request.param, rounding)
    assert all(factors(found, name).max() >= 1 for name in LARGE)
    assert len(np.unique(run(found, images(found)).logits, axis=0)) > 6
    return found


def test_c_equals_the_reference_under_sanitizers(model):
    pixels = images(model)
    expected = run(model, pixels).logits
    for defines in ((), ("TG_DSP_EMULATED", "TG_NO_LONG_MULTIPLY")):
        found = run_on_host(convert_c(model), words_of(model, [pixels]), sanitize=True, defines=defines)
        assert np.array_equal(found.logits, expected)


@pytest.mark.parametrize("board", ["nucleo-l432kc", "nucleo-g071rb", "esp32-c3"])
@pytest.mark.parametrize("largest", [2.49, 100.0])
def test_c_equals_the_reference_on_simulated_cores(board, largest, rounding):
    model = network(largest, rounding)
    pixels = images(model)[:4]
    firmware = build(convert_c(model), find_board(board), "fastest")
    result = simulate(firmware, words_of(model, [pixels]))
    assert np.array_equal(result.logits, run(model, pixels).logits)


def test_onnx_in_the_reference_s_integers_equals_it(model):
    pixels = images(model)
    logits = run_onnx_graph(convert_onnx(model).files[f"{model.name}_exact.onnx"], [pixels])["logits"]
    assert np.array_equal(integers(model, logits), run(model, pixels).logits)


@pytest.mark.parametrize("largest", FACTORS)
def test_onnx_int8_differs_by_few_units(largest, rounding):
    """Later layers would multiply what the runtime rounds otherwise, so only the first has a large factor."""
    model = network(largest, rounding, ("stem",))
    pixels = images(model)
    logits = run_onnx_graph(convert_onnx(model).files[f"{model.name}_int8.onnx"], [pixels])["logits"]
    expected = run(model, pixels).logits.astype(int)
    assert len(np.unique(expected, axis=0)) > 6
    assert np.abs(integers(model, logits) - expected).max() <= 4


def test_litert_equals_the_reference(model):
    """Under XNNPACK, or under the reference kernels and in TFLite Micro, whichever round as the model does."""
    pixels = images(model)
    content = convert_tflite(model, ("int8",)).files[f"{model.name}_int8.tflite"]
    expected = run(model, pixels).logits
    found = run_tflite_graph(content, model, [pixels], reference_kernels=model.rounding == "gemmlowp")
    assert np.array_equal(found["logits"], expected)
    if model.rounding == "gemmlowp":
        micro = run_micro_graph(content, model, [pixels], ARENA_BYTES)
        assert np.array_equal(micro["logits"], expected)


@pytest.mark.parametrize(("largest", "needed"), [(0.24, False), (1.01, True)])
def test_signed_shifts_are_compiled_where_they_are_needed_only(rounding, largest, needed):
    model = network(largest, rounding)
    text = convert_c(model).files[f"{model.name}.c"].decode()
    assert has_large_factors(model) == needed
    assert ("#define TG_LARGE_FACTORS" in text) == needed
    assert ("static const int8_t random_images3_fc_shift" in text) == needed


def test_a_factor_of_256_is_refused_by_its_layer(rounding):
    with pytest.raises(
        RangeError, match=r"layer '\w+': requantize factor 256\.0.*must lie between 0 and 256"
    ):
        network(256.0, rounding)
