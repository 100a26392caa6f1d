"""Damaged programs and ONNX files end in one of tinygmp's errors or are read; nothing else escapes."""

import numpy as np
import pytest

from converters.base import converter
from tinygmp.device.board import find_board
from tinygmp.device.toolchain import build
from tinygmp.errors import FileFormatError
from tinygmp.graph.random_model import random_model
from tinygmp.inspect.artifact import inspect_artifact


@pytest.fixture(scope="module")
def whole() -> dict[str, bytes]:
    model = random_model(seed=4, hidden=12)
    onnx = converter("onnx")(model)
    program = build(converter("c")(model), find_board("nucleo-g071rb")).elf
    return {"elf": program, "onnx": onnx.files[onnx.entry_point]}


@pytest.mark.parametrize(("kind", "least"), [("elf", 20), ("onnx", 20)])
def test_random_damage(whole, tmp_path, kind, least):
    rng = np.random.default_rng(3)
    path = tmp_path / f"damaged.{kind}"
    content = whole[kind]
    # The places that structure lies in: the start, and the section headers at an ELF file's end.
    places = [*range(4, 400), *range(len(content) - 400, len(content))]
    refused = 0
    for turn in range(300):
        damaged = bytearray(content if turn % 4 else content[: rng.integers(4, len(content))])
        for place in rng.choice(places, 4):
            if place < len(damaged):
                damaged[place] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            inspect_artifact(str(path))
        except FileFormatError as error:
            refused += "damaged" in str(error)  # the file's name, at least
    assert refused >= least


def test_an_onnx_tensor_of_an_unknown_type_is_shown_without_zeros(tmp_path):
    from onnx import TensorProto, helper

    tensor = TensorProto(name="w", dims=[2], data_type=110, raw_data=b"ab")
    node = helper.make_node("Identity", ["w"], ["y"])
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])
    graph = helper.make_graph([node], "g", [], [output], [tensor])
    path = tmp_path / "odd.onnx"
    path.write_bytes(helper.make_model(graph).SerializeToString())
    (row,) = inspect_artifact(str(path)).tensors
    assert (row.dtype, row.sparsity) == ("type 110", None)
