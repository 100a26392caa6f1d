"""Image networks in LiteRT against the integer reference executor."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from converters.to_tflite.images import convert_images, csr_parameters
from converters.to_tflite.run_images import run_tflite_images
from tinygmp.models.exported_chain import weights_of_module
from tinygmp.models.mobilenet_v1_weights import (
    MobileNetWeights,
    float_activations,
    float_logits,
    from_module,
    input_real,
    load_npz,
    prune_globally,
    same_padding,
)
from tinygmp.pack.mobilenet_v1 import calibrate_images, pack_mobilenet
from tinygmp.packed.image_reference import average_pool

from tinygmp.errors import ConfigError, DataError, UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.quant.rounding_multiply import ROUNDINGS

SIZE = 64
LABELS = tuple("abcdefg")


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (6, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def module() -> MobileNetV1:
    torch.manual_seed(5)
    network = MobileNetV1(len(LABELS), width=0.25)
    with torch.no_grad():  # batch norm statistics that keep activations alive
        for part in network.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.momentum = 1.0
                part.bias.uniform_(0, 1)
        network.train()(torch.randn(8, 3, SIZE, SIZE))
    return network.eval()


@pytest.fixture(scope="module")
def weights(module: MobileNetV1) -> MobileNetWeights:
    return from_module(module, SIZE)


def packed(weights: MobileNetWeights, pixels: np.ndarray, rounding: str = "fp32") -> PackedModel:
    ranges = calibrate_images(weights, pixels)
    return pack_mobilenet(weights, ranges, "tiny", LABELS, {"synthetic": "yes"}, rounding)


def test_numpy_network_equals_the_torch_module_below_six(module, weights, pixels):
    clamps = [
        layer.register_forward_hook(lambda _, __, output: output.clamp(max=6))
        for layer in module.modules()
        if isinstance(layer, torch.nn.ReLU)
    ]
    with torch.no_grad():
        expected = module(torch.from_numpy(input_real(pixels, weights).transpose(0, 3, 1, 2))).numpy()
    np.testing.assert_allclose(float_logits(weights, pixels), expected, atol=1e-4)
    for clamp in clamps:
        clamp.remove()


@pytest.mark.parametrize("sparsity", [0.0, 0.5])
@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_int8_file_equals_the_reference_bit_for_bit(weights, pixels, sparsity, same, rounding):
    """Under XNNPACK, or under the reference kernels, whichever rounds as the model does."""
    if same:
        weights = with_same_padding(weights)
    model = packed(thinned(weights, sparsity), pixels, rounding)
    content = convert_images(model, ("int8",)).files["tiny_int8.tflite"]
    reference = run(model, pixels)
    assert (reference.logits != reference.logits[0]).any()
    found = run_tflite_images(content, pixels, reference_kernels=rounding == "gemmlowp")
    np.testing.assert_array_equal(found, reference.logits)


def test_channels_with_next_to_no_weights_equal_the_delegate_too(weights, pixels):
    """XNNPACK refuses a layer with a factor below 2**-32; LiteRT would round that layer otherwise, without a word."""
    first = weights.layers[0]
    tiny, large = first.weights.copy(), np.abs(first.bias) * 1e3 + 10
    tiny[1], large[1] = tiny[1] * 1e-13, 0
    outer = replace(first, weights=tiny, bias=large, activation="relu")
    second = replace(weights.layers[1], weights=weights.layers[1].weights / 1e3)
    weights = replace(weights, layers=(outer, second, *weights.layers[2:]))
    model = packed(weights, pixels)
    stem = model.linear()[0]
    assert stem.factors().min() >= 2.0**-32
    content = convert_images(model, ("int8",)).files["tiny_int8.tflite"]
    np.testing.assert_array_equal(run_tflite_images(content, pixels), run(model, pixels).logits)


def thinned(weights: MobileNetWeights, sparsity: float) -> MobileNetWeights:
    """Random zeros, the rest scaled up: magnitude pruning would leave an untrained network without any signal."""
    rng = np.random.default_rng(11)
    layers = []
    for layer in weights.layers:
        share = 0.0 if layer.depthwise else sparsity
        mask = rng.random(layer.weights.shape) >= share
        layers.append(replace(layer, weights=(layer.weights * mask / np.sqrt(1 - share)).astype(np.float32)))
    return replace(weights, layers=tuple(layers))


def with_same_padding(weights: MobileNetWeights) -> MobileNetWeights:
    layers, rows = [], weights.size
    for layer in weights.layers:
        layers.append(replace(layer, padding=same_padding(rows, layer.kernel, layer.stride)))
        rows = -(-rows // layer.stride)
    return replace(weights, layers=tuple(layers))


def test_sparse_float_file_is_smaller_and_computes_the_same(weights, pixels):
    model = packed(thinned(weights, 0.9), pixels)
    files = convert_images(model, ("f32", "f32_sparse")).files
    dense, sparse = files["tiny_f32.tflite"], files["tiny_f32_sparse.tflite"]
    assert len(sparse) < 0.4 * len(dense)
    expected = run_tflite_images(dense, pixels)
    assert np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(run_tflite_images(sparse, pixels), expected, atol=1e-5)


def test_packed_model_follows_the_float_network(weights, pixels):
    model = packed(weights, pixels)
    last = model.linear()[-1].output
    real = (run(model, pixels).logits - float(last.zero_point)) * last.scale
    expected = float_logits(weights, pixels)
    assert np.abs(real - expected).max() < 0.15 * np.ptp(expected)


def test_global_pruning_meets_its_share_and_keeps_the_largest(weights):
    pruned = prune_globally(weights, 0.75)
    before = np.concatenate([layer.weights.ravel() for layer in weights.layers])
    after = np.concatenate([layer.weights.ravel() for layer in pruned.layers])
    assert np.count_nonzero(after) == before.size - round(0.75 * before.size)
    assert np.abs(before[after == 0]).max() <= np.abs(after[after != 0]).min()


def test_csr_of_a_worked_matrix():
    parameters = csr_parameters(np.array([[0, 2, 0], [0, 0, 0], [3, 0, 4]], np.float32), (3, 3))
    assert list(parameters.dimMetadata[1].arraySegments.values) == [0, 1, 1, 3]
    assert list(parameters.dimMetadata[1].arrayIndices.values) == [1, 0, 2]


def test_pool_rounds_half_away_from_zero():
    x = np.array([[[-3, 3]], [[-2, 2]]], np.int8)  # means -2.5 and 2.5
    assert average_pool(x).ravel().tolist() == [-3, 3]


def test_refusals_name_the_remedy(weights, pixels, tmp_path):
    model = packed(weights, pixels)
    with pytest.raises(UnsupportedError, match="int8, f32, f32_sparse"):
        convert_images(model, ("int8_sparse",))
    with pytest.raises(DataError, match="needs uint8 images"):
        run(model, pixels[:, :32])
    with pytest.raises(ConfigError, match="no known chain"):
        replace(model, layers=model.layers[:-1])
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(DataError, match="no MobileNet-V1 weights"):
        load_npz(tmp_path / "other.npz", 128)


def test_plain_relu_is_kept_in_every_form(module, pixels):
    """The float file and the integers clamp at 0 only: activations above 6 pass."""
    plain = weights_of_module(module, SIZE)
    plain = replace(
        plain, layers=(replace(plain.layers[0], bias=plain.layers[0].bias + 7), *plain.layers[1:])
    )
    assert {layer.activation for layer in plain.layers} == {"relu", "none"}
    assert float_activations(plain, input_real(pixels, plain)[0])[plain.layers[0].name].max() > 6
    model = packed(plain, pixels)
    artifact = convert_images(model)
    expected = float_logits(plain, pixels)
    obtained = run_tflite_images(artifact.files["tiny_f32.tflite"], pixels)
    clamped = replace(plain, layers=(replace(plain.layers[0], activation="relu6"), *plain.layers[1:]))
    off, wrong = np.abs(obtained - expected).mean(), np.abs(obtained - float_logits(clamped, pixels)).mean()
    assert off < 0.1 * expected.std()
    assert off < wrong / 2
    integers = run_tflite_images(artifact.files["tiny_int8.tflite"], pixels)
    assert np.array_equal(integers, run(model, pixels).logits)
