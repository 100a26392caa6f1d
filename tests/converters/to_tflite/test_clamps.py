"""Clamps in TFLite end where the reference ends, also where a bound lies half-way between two integers."""

import numpy as np
import pytest

from converters.to_tflite.graph_model import convert_graph
from converters.to_tflite.run_graph import run_micro_graph, run_tflite_graph
from converters.to_tflite.writer import runtime_integers
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.conv2d import Conv2d
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.limits import named_limits
from tinygmp.graph.operators.pool import AveragePool, MaxPool
from tinygmp.graph.reference.run import run
from tinygmp.graph.values import Value
from tinygmp.sparse import encode

LIMITS = named_limits("relu_n1_to_1")
HALF_WAY = float(np.float32(6 / 255))  # of which 1 is 42.5 in float32
ARENA_BYTES = 1 << 17


def linear(kind: type, columns: int):
    q = np.random.default_rng(2).integers(-127, 128, (8, columns)).astype(np.int8)
    scales = np.full(8, 0.02, np.float32)
    return kind(encode("w", q, 1.0, "dense"), scales, np.zeros(8, np.int32), LIMITS, "gemmlowp")


OPERATORS = {
    "add": lambda: Add(LIMITS),
    "average_pool": lambda: AveragePool(limits=LIMITS),
    "conv2d": lambda: linear(Conv2d, 8),
    "fully_connected": lambda: linear(FullyConnected, 32),
    "max_pool": lambda: MaxPool(limits=LIMITS),
}


@pytest.mark.parametrize("zero_point", [-3, 0])
@pytest.mark.parametrize("kind", OPERATORS)
def test_a_bound_half_way_is_the_references_in_every_runtime(kind, zero_point):
    """TFLite's kernels round it away from zero, XNNPACK to even, so no operator may end with it itself."""
    x = Value("x", (2, 2, 8), "int8", HALF_WAY, zero_point)
    y = Value("y", (8,) if kind == "fully_connected" else (2, 2, 8), "int8", HALF_WAY, zero_point)
    reads = ("x", "x") if kind == "add" else ("x",)
    node = Node("node", OPERATORS[kind](), reads, ("y",))
    model = PackedModel("one", {"x": x, "y": y}, ("x",), (node,), ("y",))
    inputs = [np.random.default_rng(1).integers(-128, 128, (30, 2, 2, 8)).astype(np.int8)]
    expected = run(model, *inputs).outputs["y"]
    assert (int(expected.min()), int(expected.max())) == (zero_point - 42, zero_point + 42)
    content = convert_graph(model, ("int8",)).files["one_int8.tflite"]
    for found in (
        run_tflite_graph(content, model, inputs),
        run_tflite_graph(content, model, inputs, reference_kernels=True),
        run_micro_graph(content, model, inputs, ARENA_BYTES),
    ):
        assert (found["y"].min(), found["y"].max()) == (expected.min(), expected.max())


def test_the_runtimes_bounds_by_hand():
    assert runtime_integers(LIMITS, Value("y", (1,), "int8", HALF_WAY, 0)) == {(-43, 43), (-42, 42)}
    assert runtime_integers(LIMITS, Value("y", (1,), "int8", HALF_WAY, -3)) == {(-46, 40)}
    assert runtime_integers(named_limits("relu6"), Value("y", (1,), "int8", HALF_WAY, -128)) == {(-128, 127)}
