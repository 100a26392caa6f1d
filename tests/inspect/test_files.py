"""What lies in generated C, a program and an ONNX file."""

import numpy as np
import pytest

from converters.base import converter
from tinygmp.device.board import find_board
from tinygmp.device.toolchain import build
from tinygmp.graph.ledger import ledger
from tinygmp.inspect.artifact import inspect_artifact


def test_arrays_of_generated_c_are_the_ledgers(model, tmp_path):
    converter("c")(model).write(tmp_path)
    found = inspect_artifact(str(tmp_path))
    book, cell = ledger(model), model.node("rnn").operator
    assert found.kind == "c"
    assert found.by_part["constant arrays"] == book.payload_bytes - book.scalar_bytes
    values = {tensor.name: tensor.stored_bytes for tensor in found.tensors}
    assert values["random4_rnn_u_values"] == len(cell.u.streams["values"])
    assert f"hidden {cell.hidden_size}" in found.notes


def test_symbols_of_a_program_are_the_builds(model, tmp_path):
    firmware = build(converter("c")(model), find_board("nucleo-g071rb"))
    path = tmp_path / "x.elf"
    path.write_bytes(firmware.elf)
    found = inspect_artifact(str(path))
    symbols = {layer.name: layer.constant_bytes for layer in found.layers}
    assert symbols.items() >= firmware.sizes.by_symbol.items()
    assert sum(found.by_part.values()) == firmware.sizes.flash_bytes
    assert list(symbols.values()) == sorted(symbols.values(), reverse=True)


def test_an_onnx_file_by_hand(tmp_path):
    from onnx import TensorProto, helper, numpy_helper, save

    weights = np.zeros((3, 4), np.float32)
    weights[0] = 1
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="dense")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])],
        [numpy_helper.from_array(weights, "w")],
    )
    path = tmp_path / "hand.onnx"
    save(helper.make_model(graph), path)
    found = inspect_artifact(str(path))
    (layer,) = found.layers
    assert (layer.name, layer.op, layer.shape, layer.dtype) == ("dense", "MatMul", (-1, 4), "float")
    assert (layer.constant_bytes, layer.sparsity) == (48, pytest.approx(2 / 3))
    assert (found.tensors[0].shape, found.tensors[0].stored_bytes) == ((3, 4), 48)
    assert sum(found.by_part.values()) == found.file_bytes == path.stat().st_size


def test_a_sparse_initializer_counts_values_and_indices(tmp_path):
    from onnx import TensorProto, helper, save

    values = helper.make_tensor("w", TensorProto.FLOAT, [2], [1.0, 2.0])
    places = helper.make_tensor("w_places", TensorProto.INT64, [2], [0, 5])
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        sparse_initializer=[helper.make_sparse_tensor(values, places, [2, 4])],
    )
    path = tmp_path / "sparse.onnx"
    save(helper.make_model(graph), path)
    (tensor,) = inspect_artifact(str(path)).tensors
    assert (tensor.name, tensor.shape, tensor.sparsity) == ("w", (2, 4), 0.75)
    assert tensor.stored_bytes >= 2 * 4 + 2


def test_converted_files_are_all_inspected(model, tmp_path):
    for target in ("onnx", "tflite"):
        artifact = converter(target)(model)
        artifact.write(tmp_path)
        for name, content in artifact.files.items():
            if not name.endswith((".onnx", ".tflite")):
                continue
            found = inspect_artifact(str(tmp_path / name))
            assert (found.kind, found.file_bytes) == (target, len(content))
            assert found.layers
            assert all(0 <= tensor.sparsity <= 1 for tensor in found.tensors if tensor.sparsity is not None)
