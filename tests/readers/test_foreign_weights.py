"""Weights out of PyTorch, ONNX and TFLite files: equal to their own runtimes, refused by name where they do not fit."""

import collections
import pickle

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from safetensors.torch import save_file
from torch import nn

from converters.base import converter
from tinygmp.errors import DataError, UnsupportedError
from tinygmp.floats.operators.linear import Linear
from tinygmp.graph.operators import linear
from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.readers.onnx import load_onnx
from tinygmp.readers.tflite import load_tflite
from tinygmp.readers.torch_export import graph_of_module
from tinygmp.readers.torch_state import load_torch
from tinygmp.recipes.images import open_image_sample

SIZE, CLASSES = 64, 5
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.5, 0.3)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """A narrow MobileNet-V1 with ReLU6 and running statistics of its own."""
    torch.manual_seed(3)
    module = MobileNetV1(CLASSES, 0.125)
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.ReLU):
                setattr(parent, name, nn.ReLU6())
            if isinstance(child, nn.BatchNorm2d):
                nn.init.uniform_(child.bias, -0.2, 0.6)
                nn.init.uniform_(child.running_mean, -0.2, 0.2)
                nn.init.uniform_(child.running_var, 0.5, 1.5)
    return module.eval()


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8)


def entered(pixels: np.ndarray) -> np.ndarray:
    real = (pixels / 255 - np.array(MEAN)) / np.array(STD)
    return np.ascontiguousarray(real.astype(np.float32).transpose(0, 3, 1, 2))


def logits_of(network: nn.Module, pixels: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return network(torch.from_numpy(entered(pixels))).numpy()


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".pth"])
def test_a_state_dict_computes_what_the_module_does(network, pixels, tmp_path, suffix):
    path = tmp_path / f"weights{suffix}"
    state = network.state_dict()
    save_file(state, path) if suffix == ".safetensors" else torch.save(
        {"state_dict": state, "epoch": 3}, path
    )
    weights = load_torch(path, SIZE, MEAN, STD)
    assert np.abs(weights.logits(pixels) - logits_of(network, pixels)).max() < 1e-4


def test_keys_may_be_called_otherwise(network, pixels, tmp_path):
    """Numbers instead of names, wrapped for several GPUs: order and shapes decide."""
    renamed, prefixes = {}, {}
    for key, value in network.state_dict().items():
        prefix, _, part = key.rpartition(".")
        number = prefixes.setdefault(prefix, len(prefixes))
        renamed[f"module.features.{number}.{part}"] = value
    torch.save(renamed, tmp_path / "renamed.pt")
    weights = load_torch(tmp_path / "renamed.pt", SIZE, MEAN, STD)
    assert np.abs(weights.logits(pixels) - logits_of(network, pixels)).max() < 1e-4


def test_another_architecture_is_named(tmp_path):
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))
    torch.save(module.state_dict(), tmp_path / "other.pt")
    with pytest.raises(DataError, match="holds 3 layers with weights, MobileNet-V1 has 27 convolutions"):
        load_torch(tmp_path / "other.pt", SIZE)


def test_a_wrong_shape_names_its_key(network, tmp_path):
    state = dict(network.state_dict())
    state["blocks.2.pointwise.0.weight"] = torch.zeros(16, 16, 3, 3)
    torch.save(state, tmp_path / "wrong.pt")
    with pytest.raises(
        DataError, match=r"'blocks.2.pointwise.0.weight' is \(16, 16, 3, 3\) where .* layer pw3"
    ):
        load_torch(tmp_path / "wrong.pt", SIZE)


def test_a_state_without_statistics_names_what_is_missing(network, tmp_path):
    state = {
        key: value for key, value in network.state_dict().items() if key != "blocks.0.depthwise.1.running_var"
    }
    torch.save(state, tmp_path / "short.pt")
    with pytest.raises(DataError, match=r"missing: \['running_var'\]"):
        load_torch(tmp_path / "short.pt", SIZE)


class Trap:
    def __reduce__(self):
        return collections.OrderedDict, ((),)


def test_nothing_in_a_foreign_file_runs(tmp_path):
    (tmp_path / "trap.pt").write_bytes(pickle.dumps({"weight": Trap(), "run": print}))
    with pytest.raises(DataError, match="cannot be read as tensors"):
        load_torch(tmp_path / "trap.pt", SIZE)


@pytest.fixture(scope="module")
def nodes(network) -> tuple[list, list]:
    """The network as ONNX nodes and initializers: batch norm apart, Clip with limits, Gemm at the end."""
    made, held, last = [], [], "image"

    def keep(name: str, array: np.ndarray) -> str:
        held.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def add(op: str, inputs: list[str], **attributes) -> None:
        nonlocal last
        made.append(
            helper.make_node(op, [last, *inputs], [f"n{len(made)}"], name=f"{op}_{len(made)}", **attributes)
        )
        last = made[-1].output[0]

    keep("low", np.float32(0)), keep("high", np.float32(6))
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            side = module.padding[0]
            add(
                "Conv", [keep(f"{name}.w", module.weight.detach().numpy())],
                group=module.groups, strides=list(module.stride), pads=[side] * 4,
            )  # fmt: skip
        elif isinstance(module, nn.BatchNorm2d):
            parts = (module.weight, module.bias, module.running_mean, module.running_var)
            names = [keep(f"{name}.{at}", part.detach().numpy()) for at, part in enumerate(parts)]
            add("BatchNormalization", names, epsilon=module.eps)
            add("Clip", ["low", "high"])
    add("GlobalAveragePool", [])
    add("Flatten", [], axis=1)
    weight, bias = (part.detach().numpy() for part in (network.classifier.weight, network.classifier.bias))
    add("Gemm", [keep("fc.w", weight), keep("fc.b", bias)], transB=1)
    return made, held


def written(path, made, held, size: int = SIZE):
    value = helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [1, 3, size, size])
    result = helper.make_tensor_value_info(made[-1].output[0], onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph(made, "network", [value], [result], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


def test_an_onnx_file_computes_what_its_runtime_does(nodes, pixels, tmp_path):
    import onnxruntime

    path = written(tmp_path / "net.onnx", *nodes)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    expected = np.concatenate([session.run(None, {"image": image[None]})[0] for image in entered(pixels)])
    assert np.abs(load_onnx(path, MEAN, STD).logits(pixels) - expected).max() < 1e-4


def test_an_unknown_onnx_node_is_named(nodes, tmp_path):
    made, held = nodes
    odd = helper.make_node("Sigmoid", [made[2].output[0]], ["odd"], name="gate")
    after = helper.make_node("Conv", ["odd", *made[3].input[1:]], made[3].output, name="next")
    with pytest.raises(UnsupportedError, match=r"node 'gate' \(Sigmoid\): this operation is not supported"):
        load_onnx(written(tmp_path / "odd.onnx", [*made[:3], odd, after, *made[4:]], held))


def every_operation(held: list) -> list:
    """Nodes of everything that is read, in two branches: what runtimes and exporters write in their own ways."""
    rng = np.random.default_rng(0)

    def keep(name: str, *shape: int) -> str:
        held.append(numpy_helper.from_array(rng.normal(0, 0.5, shape).astype(np.float32), name))
        return name

    held.append(numpy_helper.from_array(np.array([0, 0, 1, 0, 0, 0, 2, 1], np.int64), "sides"))
    held.append(numpy_helper.from_array(np.array([1, -1], np.int64), "flat"))
    held.append(numpy_helper.from_array(rng.uniform(0.5, 1.5, 6).astype(np.float32), "variance"))
    make = helper.make_node
    return [
        make("Pad", ["image", "sides"], ["padded"]),
        make("Conv", ["padded", keep("w", 6, 3, 3, 2), keep("b", 6)], ["a"], strides=[1, 2], dilations=[2, 1]),
        make("BatchNormalization", ["a", keep("gamma", 6), keep("beta", 6), keep("mu", 6), "variance"], ["n"]),
        make("Relu", ["n"], ["r"]),
        make("Conv", ["n", keep("v", 12, 2, 3, 3)], ["c"], group=3, auto_pad="SAME_LOWER"),
        make("Add", ["c", keep("per_channel", 12, 1, 1)], ["d"]),
        make("Mul", ["r", keep("factor", 6, 1, 1)], ["e"]),
        make("Concat", ["d", "e"], ["f"], axis=1),
        make("MaxPool", ["f"], ["g"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        make("AveragePool", ["g"], ["h"], kernel_shape=[2, 2], strides=[2, 2], pads=[1, 0, 0, 1],
             count_include_pad=1),
        make("Add", ["h", "h"], ["i"]),
        make("Reshape", ["i", "flat"], ["j"]),
        make("MatMul", ["j", keep("matrix", 18 * 16 * 8, 4)], ["k"]),
        make("Add", ["k", keep("bias", 4)], ["l"]),
        make("Softmax", ["l"], ["shares"]),
    ]  # fmt: skip


def test_every_onnx_operation_computes_what_its_runtime_does(pixels, tmp_path):
    import onnxruntime

    held: list = []
    nodes = every_operation(held)
    path = written(tmp_path / "every.onnx", nodes, held)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    expected = np.concatenate([session.run(None, {"image": image[None]})[0] for image in entered(pixels)])
    logits = load_onnx(path, MEAN, STD).logits(pixels)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(shares / shares.sum(axis=1, keepdims=True), expected, atol=1e-4)


def test_onnx_of_another_input_is_told(nodes, tmp_path):
    with pytest.raises(
        DataError, match=r"input 'image' is \[1, 3, 64, 64\]; expected \[1, 2, rows, columns\]"
    ):
        load_onnx(written(tmp_path / "net.onnx", *nodes), (0.5, 0.4), (0.5, 0.4))


@pytest.mark.parametrize("load", [load_onnx, load_tflite])
def test_a_file_of_something_else_is_told(load, tmp_path):
    (tmp_path / "text").write_bytes(b"no model at all")
    with pytest.raises(DataError, match="text'"):
        load(tmp_path / "text")


def test_a_float_tflite_file_computes_what_litert_does(data_root):
    from ai_edge_litert.interpreter import Interpreter

    path = data_root / "mlperf_tiny" / "vww_96_float.tflite"
    images, _, _ = open_image_sample(data_root / "imagenet_sample", 96, 25)
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    (entry,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    weights = load_tflite(path, "zero_to_one")
    logits = weights.logits(images)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    for image, share in zip(images, shares, strict=True):
        interpreter.set_tensor(entry["index"], (image / 255).astype(np.float32)[None])
        interpreter.invoke()
        assert np.abs(interpreter.get_tensor(result["index"])[0] - share).max() < 1e-4


def test_our_own_float_tflite_is_read_back(network, pixels, tmp_path):
    """What the converter writes from packed weights gives the same weights again."""

    packed = pack(graph_of_module(network, SIZE), pixels, PackIdentity("net", tuple("abcde"), {}))
    files = converter("tflite")(packed).files
    path = tmp_path / "net.tflite"
    path.write_bytes(next(content for name, content in files.items() if name.endswith("_f32.tflite")))
    again = load_tflite(path)
    for node, stored in zip(again.nodes_of(Linear), packed.nodes_of(linear.Linear), strict=True):
        real = stored.operator.weights.decode() * stored.operator.weight_scales[:, None]
        assert np.allclose(node.operator.weights, real, atol=1e-6)


@pytest.mark.parametrize("name", ["vww_96_int8.tflite", "kws_ref_model.tflite", "ad01_int8.tflite"])
def test_other_tflite_files_are_refused_by_name(data_root, name):
    with pytest.raises((DataError, UnsupportedError), match=name.split(".")[0]):
        load_tflite(data_root / "mlperf_tiny" / name)


def test_matrices_and_residuals_of_tflite_compute_what_litert_does(data_root):
    from ai_edge_litert.interpreter import Interpreter

    rng = np.random.default_rng(0)
    inputs = {
        "ad01_fp32.tflite": rng.normal(0, 5, (5, 640)),
        "pretrainedResnet.tflite": rng.integers(0, 256, (5, 32, 32, 3)),
    }
    for name, samples in inputs.items():
        path = data_root / "mlperf_tiny" / name
        interpreter = Interpreter(model_path=str(path), num_threads=1)
        interpreter.allocate_tensors()
        (entry,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
        logits = load_tflite(path, None).logits(samples.astype(np.float32))
        if name.startswith("pretrained"):
            shares = np.exp(logits - logits.max(axis=1, keepdims=True))
            logits = shares / shares.sum(axis=1, keepdims=True)
        for sample, answer in zip(samples, logits, strict=True):
            interpreter.set_tensor(entry["index"], sample.astype(np.float32).reshape(entry["shape"]))
            interpreter.invoke()
            assert np.abs(interpreter.get_tensor(result["index"])[0] - answer).max() < 1e-3
