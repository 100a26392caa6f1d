"""Quantised ONNX files answer as onnxruntime does, within its own rounding, and go on to every target."""

from pathlib import Path

import numpy as np
import pytest

from converters.base import converter
from tinygmp.data.source import random_samples
from tinygmp.device.host import run_on_host
from tinygmp.device.words import words_of
from tinygmp.errors import DataError, UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.softmax import SCALE
from tinygmp.graph.reference.run import run
from tinygmp.readers.onnx_int8 import load_int8_onnx
from tinygmp.shipped import open_model

torch = pytest.importorskip("torch", reason="install it with: pip install torch")
quantization = pytest.importorskip(
    "onnxruntime.quantization", reason="install it with: pip install onnxruntime"
)
nn = torch.nn

WAYS = {  # format, activations, a scale for each output
    "qdq, uint8": ("QDQ", "QUInt8", False),
    "qdq, int8, by channel": ("QDQ", "QInt8", True),
    "qoperator, uint8, by channel": ("QOperator", "QUInt8", True),
    "qoperator, int8": ("QOperator", "QInt8", False),
}


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.pool, self.last = nn.MaxPool2d(2), nn.Linear(8 * 4 * 3, 5)

    def forward(self, x):
        x = torch.relu(self.first(x))
        return self.last(torch.flatten(self.pool(torch.relu(x + self.second(x))), 1))


class Joined(nn.Module):
    """Two branches of other scales, an average pool into a third where the format wants that."""

    def __init__(self, shares: bool = False) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 5, 1)
        self.pool, self.last, self.shares = nn.AvgPool2d(3), nn.Linear(9 * 3 * 2, 3), shares

    def forward(self, x):
        x = torch.cat([torch.relu(self.one(x)), self.two(x)], 1)
        x = self.last(torch.flatten(self.pool(x), 1))
        return torch.softmax(x, 1) if self.shares else x


class Product(nn.Module):
    """A matrix whose bias is added afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.weights, self.bias = nn.Parameter(torch.randn(11, 6)), nn.Parameter(torch.randn(6))

    def forward(self, x):
        return torch.relu(x @ self.weights + self.bias)


def networks() -> dict[str, tuple[nn.Module, tuple[int, ...]]]:
    """Return small networks and the shapes that they read, by name."""
    depthwise = nn.Sequential(
        *(nn.Conv2d(2, 6, 3, 2, 1), nn.ReLU6(), nn.Conv2d(6, 12, 3, 1, 1, groups=6), nn.ReLU()),
        *(nn.Conv2d(12, 9, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(9, 4)),
    )
    series = nn.Sequential(
        *(nn.Conv1d(3, 7, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(7, 6, 3, groups=1), nn.ReLU()),
        *(nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(6, 4)),
    )
    vectors = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 7), nn.ReLU(), nn.Linear(7, 3))
    return {
        "vectors": (vectors, (20,)),
        "residual": (Residual(), (3, 8, 6)),
        "depthwise": (depthwise, (2, 10, 12)),
        "joined": (Joined(), (3, 10, 7)),
        "series": (series, (3, 24)),
        "product": (Product(), (11,)),
    }


def exported(network: nn.Module, shape: tuple[int, ...], path: Path) -> Path:
    torch.onnx.export(
        network.eval(),
        (torch.randn(1, *shape),),
        str(path),
        input_names=["x"],
        output_names=["y"],
        dynamo=False,
        opset_version=17,
    )
    return path


class Batches(quantization.CalibrationDataReader):
    def __init__(self, shape: tuple[int, ...]) -> None:
        rng = np.random.default_rng(0)
        self.batches = iter([{"x": rng.normal(size=(1, *shape)).astype(np.float32)} for _ in range(30)])

    def get_next(self):
        return next(self.batches, None)


def quantised(source: Path, shape: tuple[int, ...], way: str, weights: str = "QInt8") -> Path:
    kind, activations, by_channel = WAYS[way]
    path = source.with_name(f"{source.stem}_{way.replace(', ', '_').replace(' ', '_')}_{weights}.onnx")
    quantization.quantize_static(
        str(source),
        str(path),
        Batches(shape),
        quant_format=quantization.QuantFormat[kind],
        per_channel=by_channel,
        activation_type=quantization.QuantType[activations],
        weight_type=quantization.QuantType[weights],
    )
    return path


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> dict[str, tuple[Path, tuple[int, ...]]]:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("onnx")
    made = networks() | {"shares": (Joined(shares=True), (3, 10, 7))}
    return {
        name: (exported(network, shape, folder / f"{name}.onnx"), shape)
        for name, (network, shape) in made.items()
    }


def runtime_answers(path: Path, model: PackedModel, inputs: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return onnxruntime's reals [batch, outputs] of a model's int8 inputs, channels last."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    value = model.input
    reals = (inputs.astype(np.float32) - value.zero_point) * np.float32(value.scale)
    if len(shape) > 1:
        reals = np.moveaxis(reals, -1, 1)
    return np.concatenate([session.run(None, {"x": each.reshape(1, *shape)})[0] for each in reals])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", networks())
def test_answers_are_onnxruntime_s(sources, name, way):
    """A unit away where a mean of counts falls on a half, elsewhere the same."""
    source, shape = sources[name]
    path = quantised(source, shape, way)
    model = load_int8_onnx(path)
    (inputs,) = random_samples(model, 200).inputs
    expected = runtime_answers(path, model, inputs, shape) / model.output.scale + model.output.zero_point
    found = run(model, inputs).logits
    assert len(np.unique(found, axis=0)) > 100
    units = np.abs(np.rint(expected) - found)
    assert units.max() <= 1
    assert (units > 0).mean() <= 0.002
    if name in ("vectors", "residual", "joined"):
        c = run_on_host(converter("c")(model), words_of(model, [inputs[:40]]))
        assert np.array_equal(c.logits, found[:40])


@pytest.mark.parametrize("way", ["qdq, uint8", "qoperator, int8"])
def test_a_softmax_writes_256ths_whatever_the_file_does(sources, way):
    source, shape = sources["shares"]
    path = quantised(source, shape, way)
    model = load_int8_onnx(path)
    (inputs,) = random_samples(model, 100).inputs
    assert model.output.scale == SCALE
    found = model.output.real(run(model, inputs).logits)
    assert np.abs(runtime_answers(path, model, inputs, shape) - found).max() < 2 * SCALE


def test_every_target_takes_them(sources):
    for name in ("residual", "depthwise"):
        source, shape = sources[name]
        model = open_model(str(quantised(source, shape, "qoperator, uint8, by channel")))
        assert model.input.dtype == model.output.dtype == "int8"
        for target in ("c", "onnx", "tflite"):
            assert converter(target)(model).files


@pytest.mark.parametrize("name", ["vectors", "residual", "depthwise", "series"])
def test_our_own_int8_file_is_read_back(sources, tmp_path, name):
    """In which maps have their channels last."""
    source, shape = sources[name]
    model = load_int8_onnx(quantised(source, shape, "qdq, int8, by channel"))
    path = tmp_path / "own.onnx"
    path.write_bytes(converter("onnx")(model).files[f"{model.name}_int8.onnx"])
    again = load_int8_onnx(path)
    (inputs,) = random_samples(model, 50).inputs
    assert np.array_equal(run(again, inputs).logits, run(model, inputs).logits)
    assert (again.nnz, again.weight_count) == (model.nnz, model.weight_count)


def test_weights_beyond_int8_are_refused(sources):
    source, shape = sources["vectors"]
    path = quantised(source, shape, "qdq, uint8", "QUInt8")
    with pytest.raises(
        UnsupportedError, match=r"vectors_.*node '.*Gemm.*a weight of -?\d+.*int8 weights of -127"
    ):
        load_int8_onnx(path)


def test_operations_that_are_not_read_are_named(sources, tmp_path):
    sigmoid = exported(
        nn.Sequential(nn.Linear(5, 4), nn.Sigmoid(), nn.Linear(4, 3)), (5,), tmp_path / "s.onnx"
    )
    with pytest.raises(
        UnsupportedError, match=r"s_.*\(QLinearSigmoid\): this operation is not supported; supported"
    ):
        load_int8_onnx(quantised(sigmoid, (5,), "qoperator, int8"))
    dynamic = tmp_path / "dynamic.onnx"
    quantization.quantize_dynamic(str(sources["vectors"][0]), str(dynamic))
    with pytest.raises(UnsupportedError, match=r"dynamic\.onnx.*quantize_static"):
        load_int8_onnx(dynamic)
    with pytest.raises(UnsupportedError, match=r"vectors\.onnx' computes in floats; give it to tinygmp pack"):
        load_int8_onnx(sources["vectors"][0])


def test_damage_is_told_in_a_sentence(sources, tmp_path):
    source, shape = sources["residual"]
    content = quantised(source, shape, "qdq, uint8").read_bytes()
    path = tmp_path / "cut.onnx"
    for length in (0, 100, len(content) // 2, len(content) - 40):
        path.write_bytes(content[:length])
        with pytest.raises((DataError, UnsupportedError), match=r"cut\.onnx"):
            load_int8_onnx(path)


@pytest.mark.parametrize(
    ("at", "array", "error", "message"),
    [
        ("x_scale", np.zeros((), np.float32), UnsupportedError, r"a scale of 0 is not supported"),
        ("x_scale", np.ones(3, np.float32), UnsupportedError, "a value with several scales is not supported"),
        ("x_zero_point", np.zeros((), np.int16), UnsupportedError, "a value of int16 is not supported"),
        ("0.weight_scale", np.full((), np.nan, np.float32), DataError, "is a damaged ONNX model"),
        ("0.bias_quantized_scale", np.full(1, 1e9, np.float32), DataError, "a bias beyond 32 bits"),
        ("0.weight_quantized", np.ones((16, 19), np.int8), UnsupportedError, "of 19 columns times 20 values"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(sources, tmp_path, at, array, error, message):
    import onnx

    source, shape = sources["vectors"]
    model = onnx.load(quantised(source, shape, "qdq, uint8"))
    stored = next(each for each in model.graph.initializer if each.name == at)
    stored.CopyFrom(onnx.numpy_helper.from_array(np.asarray(array), at))
    path = tmp_path / "other.onnx"
    onnx.save(model, path)
    with pytest.raises(error, match=rf"other\.onnx.*{message}"):
        load_int8_onnx(path)
