"""Full-integer files answer as LiteRT with XNNPACK does, to the bit, and go on to every target."""

import platform
from pathlib import Path

import numpy as np
import pytest

from converters.base import converter
from converters.to_tflite.flatbuffer import Subgraph, schema, serialise
from tinygmp.data.images import random_images
from tinygmp.data.source import random_samples
from tinygmp.device.host import run_on_host
from tinygmp.device.words import words_of
from tinygmp.errors import DataError, UnsupportedError
from tinygmp.graph.operators.softmax import Softmax
from tinygmp.graph.random_graph import random_graph
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.reference.run import run
from tinygmp.quant.rounding_multiply import ROUNDINGS
from tinygmp.readers.integer_graph import name_of
from tinygmp.readers.tflite import load_tflite
from tinygmp.readers.tflite_int8 import load_int8_tflite
from tinygmp.shipped import open_model

X86 = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="XNNPACK's kernels were compared on x86-64 only"
)
NAMES = ("digits", "pools", "means", "series", "vectors")
TINY = ("vww_96_int8", "kws_ref_model", "pretrainedResnet_quant", "ad01_int8", "str_ww_ref_model")


def litert_answers(path: Path, inputs: np.ndarray, reference_kernels: bool = False) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kernels = OpResolverType.BUILTIN_REF if reference_kernels else OpResolverType.AUTO
    interpreter = Interpreter(str(path), num_threads=1, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    answers = []
    for one in inputs:
        interpreter.set_tensor(source["index"], one.reshape(source["shape"]))
        interpreter.invoke()
        answers.append(interpreter.get_tensor(target["index"]).reshape(-1))
    return np.array(answers)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    """Small networks that TensorFlow made full-integer, by name."""
    tensorflow = pytest.importorskip("tensorflow", reason="install it with: pip install tensorflow")
    tensorflow.keras.utils.set_random_seed(0)
    layers, rng = tensorflow.keras.layers, np.random.default_rng(0)
    networks = {
        "digits": (
            (14, 14, 1),
            [layers.Conv2D(6, 3, activation="relu"), layers.MaxPool2D(2), layers.Flatten(), layers.Dense(5)],
        ),
        "pools": (
            (16, 12, 2),
            [
                layers.Conv2D(5, (3, 2), strides=(2, 1), padding="same", activation="relu6"),
                layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
                layers.AveragePooling2D(2),
                layers.Flatten(),
                layers.Dense(7, activation="relu"),
                layers.Dense(4, activation="softmax"),
            ],
        ),
        "means": (
            (12, 10, 2),
            [
                layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(5),
            ],
        ),
        "series": (
            (9, 3),
            [
                layers.Conv1D(9, 5, activation="relu", padding="same"),
                layers.GlobalAveragePooling1D(),
                layers.Dense(4),
            ],
        ),
        "vectors": ((20,), [layers.Dense(9, activation="relu"), layers.Dense(1)]),
    }
    folder, found = tmp_path_factory.mktemp("int8"), {}
    tensorflow.keras.utils.set_random_seed(0)
    for name, (shape, parts) in networks.items():
        model = tensorflow.keras.Sequential([layers.Input(shape), *parts])
        for ending, kind in (("", tensorflow.int8), ("_float_ends", tensorflow.float32)):
            make = tensorflow.lite.TFLiteConverter.from_keras_model(model)
            make.optimizations = [tensorflow.lite.Optimize.DEFAULT]
            make.representative_dataset = lambda shape=shape: (
                [rng.normal(size=(1, *shape)).astype(np.float32)] for _ in range(20)
            )
            make.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
            make.inference_input_type = make.inference_output_type = kind
            found[name + ending] = folder / f"{name}{ending}.tflite"
            found[name + ending].write_bytes(make.convert())
    return found


@X86
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", NAMES)
def test_answers_are_litert_s_in_the_reference_and_in_c(files, name, rounding):
    """Of XNNPACK and of the reference kernels; among them matrices with a scale for each output."""
    model = load_int8_tflite(files[name], rounding)
    (inputs,) = random_samples(model, 40).inputs
    expected = litert_answers(files[name], inputs, rounding == "gemmlowp")
    assert len(np.unique(expected, axis=0)) > 20
    found = run(model, inputs).logits
    # The table of exponentials has 15 bits, LiteRT's is float: near a tie a softmax may differ by one.
    assert np.abs(found - expected).max() <= any(model.nodes_of(Softmax))
    assert (found != expected).mean() < 0.02
    assert np.array_equal(run_on_host(converter("c")(model), words_of(model, [inputs])).logits, found)


def mean_file(
    keep: bool, count: int, channels: int, scales: tuple[float, float], zeros: tuple[int, int]
) -> bytes:
    """Return a TFLite file of one MEAN over rows and columns."""
    graph, tensors = Subgraph(), {}
    written = (1, 1, 1, channels) if keep else (1, channels)
    for name, shape, scale, zero in (
        ("x", (1, 1, count, channels), scales[0], zeros[0]),
        ("y", written, scales[1], zeros[1]),
    ):
        tensors[name] = graph.tensor(name, shape, np.int8, scale)
        graph.tensors[tensors[name]].quantization.zeroPoint = np.array([zero], np.int64)
    options = schema.ReducerOptionsT()
    options.keepDims = keep
    axes = graph.constant("axes", np.array([1, 2], np.int32))
    graph.operator("MEAN", 2, [tensors["x"], axes], tensors["y"], options)
    return serialise(graph, {"x": tensors["x"]}, {"y": tensors["y"]}, {})


@X86
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_means_are_litert_s_next_to_every_half(tmp_path, rounding):
    rng, path, channels = np.random.default_rng(4), tmp_path / "mean.tflite", 60
    for trial in range(30):
        count = int(rng.choice([1, 2, 3, 6, 7, 10, 14, 25, 49, 64, 100]))
        ratio = (rng.integers(1, 2 * count + 2) / 2, 1.0, rng.uniform(0.1, 6))[trial % 3]
        scales = (float(np.float32(0.037 * ratio)), float(np.float32(0.037)))
        zeros = (int(rng.integers(-128, 128)), int(rng.integers(-128, 128)))
        path.write_bytes(mean_file(bool(trial % 2), count, channels, scales, zeros))
        wanted = zeros[0] + rng.integers(-130, 131, (12, 1, channels)) / ratio
        steps = (np.arange(count)[:, None] + rng.random((12, 1, channels))) / count  # of equal sums nearly
        inputs = np.floor(wanted + steps).clip(-128, 127).astype(np.int8)
        model = load_int8_tflite(path, rounding)
        found = run(model, inputs.reshape(12, 1, count, channels)).outputs[model.outputs[0]]
        assert np.array_equal(found.reshape(12, -1), litert_answers(path, inputs, rounding == "gemmlowp"))


def test_every_target_takes_them(files):
    for name in NAMES:
        model = open_model(str(files[name]))
        for target in ("c", "onnx", "tflite"):
            assert converter(target)(model).files


@pytest.mark.parametrize("name", ["digits", "vectors"])
def test_float_ends_are_left_out(files, name):
    """Quantise and dequantise operations at the ends: the same integers lie between them."""
    model, plain = load_int8_tflite(files[f"{name}_float_ends"]), load_int8_tflite(files[name])
    assert [type(node.operator) for node in model.nodes] == [type(node.operator) for node in plain.nodes]
    assert model.input.dtype == model.output.dtype == "int8"


@pytest.mark.real_data
@X86
@pytest.mark.parametrize("name", TINY)
def test_mlperf_tiny_s_files_to_the_bit(data_root, name):
    """Of the keyword, person, picture and noise networks, under XNNPACK and under the reference kernels."""
    path = data_root / "mlperf_tiny" / f"{name}.tflite"
    for rounding in ("fp32", "gemmlowp"):
        model = load_int8_tflite(path, rounding)
        (inputs,) = random_samples(model, 30).inputs
        assert np.array_equal(run(model, inputs).logits, litert_answers(path, inputs, rounding == "gemmlowp"))


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_what_we_write_is_read_back_with_the_same_answers(tmp_path, rounding):
    model = random_image_model(3, 15, 4, ((7, 1), (9, 2)), 5, 0.3, "rice", rounding)
    path = tmp_path / "own.tflite"
    path.write_bytes(converter("tflite")(model).files[f"{model.name}_int8.tflite"])
    again = load_int8_tflite(path, rounding)
    pixels = random_images(model, 5).first
    inputs = (pixels.astype(np.int16) - 128).astype(np.int8)
    assert np.array_equal(run(again, inputs).logits, run(model, pixels).logits)
    assert (again.nnz, again.weight_count) == (model.nnz, model.weight_count)


def test_other_files_are_refused_in_a_sentence(tmp_path, files):
    (tmp_path / "no.tflite").write_bytes(b"no model at all")
    with pytest.raises(DataError, match=r"no\.tflite.*full-integer"):
        load_int8_tflite(tmp_path / "no.tflite")
    (tmp_path / "cut.tflite").write_bytes(files["digits"].read_bytes()[:900])
    with pytest.raises(DataError, match=r"cut\.tflite"):
        load_int8_tflite(tmp_path / "cut.tflite")
    model = random_graph(0)
    (tmp_path / "float.tflite").write_bytes(converter("tflite")(model).files[f"{model.name}_f32.tflite"])
    with pytest.raises(DataError, match="must be int8"):
        load_int8_tflite(tmp_path / "float.tflite")


def converted(network, **options) -> bytes:
    """Return the TFLite file that TensorFlow makes of a network of 12 x 10 maps."""
    import tensorflow

    make = tensorflow.lite.TFLiteConverter.from_keras_model(network)
    make.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    rng = np.random.default_rng(2)
    for name, value in options.items():
        setattr(make, name, value)
    if options:
        make.representative_dataset = lambda: (
            [rng.normal(size=(1, 12, 10, 2)).astype(np.float32)] for _ in range(10)
        )
    return bytes(make.convert())


@pytest.fixture(scope="module")
def network():
    tensorflow = pytest.importorskip("tensorflow", reason="install it with: pip install tensorflow")
    layers = tensorflow.keras.layers
    parts = [layers.Conv2D(20, 3, activation="relu"), layers.DepthwiseConv2D(3), layers.Flatten()]
    tensorflow.keras.utils.set_random_seed(1)
    return tensorflow.keras.Sequential([layers.Input((12, 10, 2)), *parts, layers.Dense(6)])


def test_weights_of_a_dynamic_range_file_are_read_as_floats(tmp_path, network):
    path = tmp_path / "dynamic.tflite"
    path.write_bytes(converted(network))
    graph = load_tflite(path, None)
    x = np.random.default_rng(3).normal(size=(20, 12, 10, 2)).astype(np.float32)
    expected = np.asarray(network(x))
    found = graph.run(x)[graph.outputs[0]].reshape(20, -1)
    assert path.stat().st_size < 0.6 * sum(weights.size for weights in network.get_weights()) * 4
    assert 0 < np.abs(found - expected).max() < 0.02 * np.abs(expected).max()


def test_values_of_16_bits_are_refused(tmp_path, network):
    from tensorflow import int16, lite

    kind = lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    path = tmp_path / "wide.tflite"
    spec = lite.TargetSpec(supported_ops=[kind])
    path.write_bytes(converted(network, target_spec=spec, inference_input_type=int16))
    with pytest.raises(UnsupportedError, match=r"wide\.tflite': tensor \d+ is int16.*supported: int8"):
        load_int8_tflite(path)


def test_integer_arithmetic_read_as_floats_is_refused(files):
    with pytest.raises(
        UnsupportedError, match=r"operation 0 \(QUANTIZE\).*stands where a command takes a model"
    ):
        load_tflite(files["digits_float_ends"])


def test_a_file_s_name_becomes_a_c_identifier():
    assert name_of(Path("x/My Model-v2.tflite")) == "my_model_v2"
    assert name_of(Path("2nd.tflite")) == "m_2nd"
