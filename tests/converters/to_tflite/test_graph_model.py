"""Networks packed from torch modules in LiteRT against the integer reference executor."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from converters.to_tflite.convert import convert
from converters.to_tflite.graph_model import convert_graph
from converters.to_tflite.operators.weights import csr_parameters
from converters.to_tflite.run_graph import run_tflite_graph
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.conv2d import Conv2d
from tinygmp.floats.operators.depthwise_conv2d import DepthwiseConv2d
from tinygmp.floats.operators.linear import Linear
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.limits import named_limits
from tinygmp.graph.operators.window import same_padding
from tinygmp.graph.reference.run import run
from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.pack.settings import PackSettings
from tinygmp.quant.rounding_multiply import ROUNDINGS
from tinygmp.readers.torch_export import graph_of_module

SIZE = 64
IDENTITY = PackIdentity("tiny", tuple("abcdefg"), {"synthetic": "yes"})


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (6, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def module() -> MobileNetV1:
    torch.manual_seed(5)
    network = MobileNetV1(len(IDENTITY.labels), width=0.25)
    with torch.no_grad():  # batch norm statistics that keep activations alive
        for part in network.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.momentum = 1.0
                part.bias.uniform_(0, 1)
        network.train()(torch.randn(8, 3, SIZE, SIZE))
    return network.eval()


@pytest.fixture(scope="module")
def plain(module: MobileNetV1) -> FloatGraph:
    """The module as it is, with ReLU."""
    return graph_of_module(module, SIZE)


@pytest.fixture(scope="module")
def floats(plain: FloatGraph) -> FloatGraph:
    """The same with ReLU6, as published networks have it."""
    return with_records(plain, lambda record: replace(record, limits=six(record)))


def six(record: Linear):
    return named_limits("relu6") if record.limits.name == "relu" else record.limits


def with_records(graph: FloatGraph, change) -> FloatGraph:
    return graph.with_operators({node.name: change(node.operator) for node in graph.nodes_of(Linear)})


def packed(graph: FloatGraph, pixels: np.ndarray, rounding: str = "fp32") -> PackedModel:
    return pack(graph, pixels, IDENTITY, PackSettings(rounding=rounding))


def thinned(graph: FloatGraph, sparsity: float) -> FloatGraph:
    """Random zeros, the rest scaled up: magnitude pruning would leave an untrained network without any signal."""
    rng = np.random.default_rng(11)

    def thin(record: Linear) -> Linear:
        share = 0.0 if isinstance(record, DepthwiseConv2d) else sparsity
        mask = rng.random(record.weights.shape) >= share
        return replace(record, weights=(record.weights * mask / np.sqrt(1 - share)).astype(np.float32))

    return with_records(graph, thin)


def with_same_padding(graph: FloatGraph) -> FloatGraph:
    """Return the graph with TensorFlow's borders instead of torch's."""
    records = {}
    for node in graph.nodes_of(Conv2d, DepthwiseConv2d):
        window, (rows, columns, _) = node.operator.window, graph.shapes[node.reads[0]]
        sides = same_padding(rows, columns, window.kernel, window.stride)
        records[node.name] = replace(node.operator, window=replace(window, padding=sides))
    return graph.with_operators(records)


def test_the_float_graph_equals_the_torch_module_below_six(module, floats, pixels):
    clamps = [
        layer.register_forward_hook(lambda _, __, output: output.clamp(max=6))
        for layer in module.modules()
        if isinstance(layer, torch.nn.ReLU)
    ]
    real = (pixels / 127.5 - 1).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(real.transpose(0, 3, 1, 2).copy())).numpy()
    for clamp in clamps:
        clamp.remove()
    np.testing.assert_allclose(floats.logits(pixels), expected, atol=1e-4)


@pytest.mark.parametrize("sparsity", [0.0, 0.5])
@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_int8_file_equals_the_reference_bit_for_bit(floats, pixels, sparsity, same, rounding):
    """Under XNNPACK, or under the reference kernels, whichever rounds as the model does."""
    graph = thinned(with_same_padding(floats) if same else floats, sparsity)
    model = packed(graph, pixels, rounding)
    content = convert_graph(model, ("int8",)).files["tiny_int8.tflite"]
    reference = run(model, pixels)
    assert (reference.logits != reference.logits[0]).any()
    found = run_tflite_graph(content, model, [pixels], reference_kernels=rounding == "gemmlowp")
    np.testing.assert_array_equal(found["logits"], reference.logits)


def test_channels_with_next_to_no_weights_equal_the_delegate_too(floats, pixels):
    """XNNPACK refuses a layer with a factor below 2**-32; LiteRT would round that layer otherwise, without a word."""
    outer, second = list(floats.nodes_of(Linear))[:2]
    tiny, large = outer.operator.weights.copy(), np.abs(outer.operator.bias) * 1e3 + 10
    tiny[1], large[1] = tiny[1] * 1e-13, 0
    changed = floats.with_operators(
        {
            outer.name: replace(outer.operator, weights=tiny, bias=large, limits=named_limits("relu")),
            second.name: replace(second.operator, weights=second.operator.weights / 1e3),
        }
    )
    model = packed(changed, pixels)
    stem = model.node(outer.name)
    assert stem.operator.factors(*model.read_by(stem), *model.written_by(stem)).min() >= 2.0**-32
    content = convert_graph(model, ("int8",)).files["tiny_int8.tflite"]
    found = run_tflite_graph(content, model, [pixels])["logits"]
    np.testing.assert_array_equal(found, run(model, pixels).logits)


def test_sparse_float_file_is_smaller_and_computes_the_same(floats, pixels):
    model = packed(thinned(floats, 0.9), pixels)
    files = convert_graph(model, ("f32", "f32_sparse")).files
    dense, sparse = files["tiny_f32.tflite"], files["tiny_f32_sparse.tflite"]
    assert len(sparse) < 0.4 * len(dense)
    expected = run_tflite_graph(dense, model, [pixels])["logits"]
    assert np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(run_tflite_graph(sparse, model, [pixels])["logits"], expected, atol=1e-5)


def test_packed_model_follows_the_float_network(floats, pixels):
    model = packed(floats, pixels)
    expected = floats.logits(pixels)
    assert np.abs(model.output.real(run(model, pixels).logits) - expected).max() < 0.15 * np.ptp(expected)


def test_csr_of_a_worked_matrix():
    parameters = csr_parameters(np.array([[0, 2, 0], [0, 0, 0], [3, 0, 4]], np.float32), (3, 3))
    assert list(parameters.dimMetadata[1].arraySegments.values) == [0, 1, 1, 3]
    assert list(parameters.dimMetadata[1].arrayIndices.values) == [1, 0, 2]


def test_plain_relu_is_kept_in_every_form(plain, pixels):
    """The float file and the integers clamp at 0 only: activations above 6 pass."""
    first = next(plain.nodes_of(Linear))
    plain = plain.with_operators({first.name: replace(first.operator, bias=first.operator.bias + 7)})
    assert {node.operator.limits.name for node in plain.nodes_of(Linear)} == {"relu", "none"}
    assert plain.trace(pixels[:1])[first.writes[0]].max() > 6
    clamped = replace(plain.node(first.name).operator, limits=named_limits("relu6"))
    model = packed(plain, pixels)
    artifact = convert(model)
    expected = plain.logits(pixels)
    obtained = run_tflite_graph(artifact.files["tiny_f32.tflite"], model, [pixels])["logits"]
    otherwise = plain.with_operators({first.name: clamped}).logits(pixels)
    off, wrong = np.abs(obtained - expected).mean(), np.abs(obtained - otherwise).mean()
    assert off < 0.1 * expected.std()
    assert off < wrong / 2
    integers = run_tflite_graph(artifact.files["tiny_int8.tflite"], model, [pixels])["logits"]
    assert np.array_equal(integers, run(model, pixels).logits)
