"""Budgets of .tflite files: bounds from both sides, and a verdict only where they decide."""

import struct
from pathlib import Path

import numpy as np
import pytest

from tinygmp.budget import tflite_file as room
from tinygmp.budget.artifact import budget_artifact
from tinygmp.budget.micro_arena import Arena, micro_arena
from tinygmp.budget.result import Reserve
from tinygmp.errors import FileFormatError, MissingToolError
from tinygmp.inspect.artifact import inspect_artifact
from tinygmp.inspect.tflite_file import read_tflite

M4, M0 = "nucleo-f446re", "nucleo-g071rb"


@pytest.fixture(scope="module")
def dense(tmp_path_factory) -> Path:
    """One int8 layer by hand: 8 inputs, 4 outputs, 32 weights of which 8 mean zero, 4 biases."""
    from converters.to_tflite.flatbuffer import Subgraph, schema, serialise

    graph = Subgraph()
    here = graph.tensor("in", (1, 8), np.int8, 0.5)
    weights = np.ones((4, 8), np.int8)
    weights[0] = 0
    weight = graph.constant("weights", weights, 0.25)
    bias = graph.constant("bias", np.array([1, 2, 3, 4], np.int32), 0.125)
    there = graph.tensor("out", (1, 4), np.int8, 1.0)
    options = schema.FullyConnectedOptionsT()
    graph.operator("FULLY_CONNECTED", 4, [here, weight, bias], there, options)
    path = tmp_path_factory.mktemp("tflite") / "dense.tflite"
    path.write_bytes(serialise(graph, {"x": here}, {"y": there}, {}))
    return path


def test_a_layer_by_hand(dense):
    found = inspect_artifact(str(dense))
    (layer,) = found.layers
    assert (layer.op, layer.shape, layer.dtype, layer.constant_bytes) == (
        "FULLY_CONNECTED",
        (1, 4),
        "int8",
        48,
    )
    assert (layer.scale, layer.sparsity) == (0.25, 0.25)
    weights = next(tensor for tensor in found.tensors if tensor.name == "weights")
    assert (weights.shape, weights.stored_bytes, weights.zero_point, weights.scales) == ((4, 8), 32, 0, 1)
    assert found.by_part["constant tensors"] == 48
    assert sum(found.by_part.values()) == found.file_bytes == dense.stat().st_size


def test_the_least_arena_by_hand(dense):
    assert room.least_arena_bytes(read_tflite(dense)) == 8 + 4


def test_bounds_decide_or_say_that_they_do_not(dense, monkeypatch):
    monkeypatch.setattr(room, "micro_arena", lambda path, cached: Arena(1_000))
    file_bytes = dense.stat().st_size
    figure = room.INTERPRETER_BYTES["cortex-m4f"]
    limit = 524_288
    for room_for, verdict in (
        (file_bytes + figure, "fits"),  # a part of the measured kernels takes at most their figure
        (file_bytes + figure - 1, "not certain"),
        (file_bytes + figure // 2, "not certain"),
        (file_bytes + figure // 2 - 1, "does not fit"),
    ):
        found = budget_artifact(str(dense), [M4], Reserve(limit - room_for)).boards[0]
        assert (found.verdict, found.fits) == (verdict, verdict == "fits")
    for ram, verdict in ((1_000, "fits"), (999, "not certain"), (12, "not certain"), (11, "does not fit")):
        assert budget_artifact(str(dense), [M4], Reserve(0, 131_072 - ram)).boards[0].verdict == verdict


def test_an_unmeasured_core_has_wider_bounds(dense):
    graph = read_tflite(dense)
    from tinygmp.device.board import find_board

    bounds = {name: room.code_bounds(graph, find_board(name)) for name in (M4, "esp32-c3", "microbit-v1")}
    assert bounds["esp32-c3"].most == 2 * bounds[M4].most
    assert bounds["microbit-v1"].shown == room.INTERPRETER_BYTES["cortex-m0plus"]


def test_eight_and_sixteen_bits_are_not_for_tflite_micro(dense):
    found = budget_artifact(str(dense), ["arduino-uno", "msp430g2553"])
    assert [board.verdict for board in found.boards] == ["not for boards"] * 2
    assert "TFLite Micro needs a 32-bit core" in found.boards[0].sentence


def test_without_the_package_only_certain_verdicts_are_told(dense, monkeypatch):
    def absent(path, cached):
        raise MissingToolError("install it with: pip install tflite-micro")

    monkeypatch.setattr(room, "micro_arena", absent)
    found = budget_artifact(str(dense), [M4, "ch32v003", "arduino-uno"])
    assert found.missing == {M4: "install it with: pip install tflite-micro"}
    assert [board.verdict for board in found.boards] == ["does not fit", "not for boards"]


def test_the_arena_is_measured_once(dense, tmp_path, monkeypatch):
    pytest.importorskip("tflite_micro")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = micro_arena(dense)
    assert room.least_arena_bytes(read_tflite(dense)) < first.bytes < 10_000
    monkeypatch.setattr("tinygmp.budget.micro_arena.measure_apart", lambda path: Arena(7))
    assert micro_arena(dense) == first
    assert micro_arena(dense, cached=False) == Arena(7)


def test_what_tflite_micro_refuses_is_not_for_boards(dense, monkeypatch):
    monkeypatch.setattr(
        room, "micro_arena", lambda path, cached: Arena(None, "Hybrid models are not supported")
    )
    found = budget_artifact(str(dense), [M4]).boards[0]
    assert found.verdict == "not for boards"
    assert "TFLite Micro refuses the model: Hybrid models" in found.sentence


def test_a_cut_file_is_refused_at_every_length(dense, tmp_path):
    content = dense.read_bytes()
    path = tmp_path / "cut.tflite"
    for keep in range(0, len(content) - 16, 7):
        path.write_bytes(content[:keep])
        with pytest.raises(FileFormatError, match=r"cut\.tflite"):
            read_tflite(path)


def test_damaged_files_end_in_words_or_are_read(dense, tmp_path):
    content = dense.read_bytes()
    rng = np.random.default_rng(5)
    path = tmp_path / "odd.tflite"
    refused = 0
    for _ in range(400):
        damaged = bytearray(content)
        for place in rng.integers(8, len(content), 3):
            damaged[place] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            read_tflite(path)
        except FileFormatError:
            refused += 1
    assert refused > 20


def test_a_forged_length_is_refused_at_once(dense, tmp_path):
    """Every 32-bit word in turn claims two thousand million entries."""
    content = dense.read_bytes()
    path = tmp_path / "forged.tflite"
    refused = 0
    for place in range(8, len(content) - 4, 4):
        path.write_bytes(content[:place] + struct.pack("<I", 0x7FFFFFFF) + content[place + 4 :])
        try:
            read_tflite(path)
        except FileFormatError:
            refused += 1
    assert refused > 10


def test_another_file_of_that_name_is_refused(tmp_path):
    path = tmp_path / "x.tflite"
    path.write_bytes(b"no flatbuffer")
    with pytest.raises(FileFormatError, match="lacks the mark TFL3"):
        budget_artifact(str(path), [M4])


PUBLISHED = {
    "mlperf_tiny/ad01_fp32": "does not fit",
    "mlperf_tiny/ad01_int8": "fits",
    "mlperf_tiny/kws_ref_model": "fits",
    "mlperf_tiny/kws_ref_model_float32": "not for boards",
    "mlperf_tiny/pretrainedResnet": "not certain",
    "mlperf_tiny/pretrainedResnet_quant": "fits",
    "mlperf_tiny/str_ww_ref_model": "fits",
    "mlperf_tiny/vww_96_float": "does not fit",
    "mlperf_tiny/vww_96_int8": "fits",
    "mobilenet_v1/mobilenet_v1_0.25_128_quant": "not for boards",
    "mobilenet_v1/mobilenet_v1_0.5_160_quant": "not for boards",
    "mobilenet_v1/mobilenet_v1_0.75_192_quant": "not for boards",
}


@pytest.mark.real_data
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_files_pass_through(data_root, name):
    path = data_root / f"{name}.tflite"
    assert {
        each.relative_to(data_root).with_suffix("").as_posix() for each in data_root.glob("m*/*.tflite")
    } == set(PUBLISHED)
    found = inspect_artifact(str(path))
    assert sum(found.by_part.values()) == path.stat().st_size
    assert all(tensor.shape for tensor in found.tensors if tensor.stored_bytes > 100)
    assert budget_artifact(str(path), [M4]).boards[0].verdict == PUBLISHED[name]


@pytest.mark.real_data
def test_person_detection_equals_the_published_build(data_root):
    """386,204 B of flash on a Cortex-M4F; its arena there is 100,708 B, below the bound."""
    found = budget_artifact(str(data_root / "mlperf_tiny" / "vww_96_int8.tflite"), [M4, M0])
    board = found.boards[0]
    assert board.flash_bytes == 386_204
    assert board.ram_bytes == 103_680
    assert "upper bound" in board.measured_by
    assert board.by_symbol["model/conv2d_13/Conv2D"] == 65_536
    assert "386,204 of 524,288 B" in board.sentence
