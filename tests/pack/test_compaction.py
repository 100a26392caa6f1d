"""Compaction is exact: the smaller network computes the same, chain or branches, maps or vectors."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.floats.chains import NONE, Chain, sparse
from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.add import Add
from tinygmp.floats.operators.average_pool import AveragePool
from tinygmp.floats.operators.concatenate import Concatenate
from tinygmp.floats.operators.conv2d import Conv2d
from tinygmp.floats.operators.depthwise_conv2d import DepthwiseConv2d
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.linear import Linear
from tinygmp.floats.operators.max_pool import MaxPool
from tinygmp.floats.operators.pad import Pad
from tinygmp.floats.operators.reshape import Reshape
from tinygmp.graph.operators.limits import named_limits
from tinygmp.graph.operators.window import Window
from tinygmp.pack.compaction import compact

CLASSES = 3


def chain(seed: int, kept: float, padding: int) -> FloatGraph:
    """A stem, two depthwise and pointwise pairs and a classifier, with a share `kept` of the weights."""
    made = Chain(16, seed)

    def layer(name: str, outputs: int, columns: int, kernel: int = 1, stride: int = 1, limits=None) -> None:
        sides = (padding if kernel > 1 else 0,) * 4
        limits = limits or named_limits("relu6")
        weights, bias = sparse(made.rng, (outputs, columns), kept), made.rng.normal(0, 1, outputs)
        made.layer(name, weights, bias, kernel, stride, sides, limits)

    layer("conv0", 5, 27, 3, 2)
    layer("dw1", 5, 9, 3)
    layer("pw1", 6, 5)
    layer("dw2", 6, 9, 3, 2 if padding else 1)
    layer("pw2", 4, 6)
    layer("fc", CLASSES, 4, limits=NONE)
    return made.graph()


def branches(seed: int, kept: float) -> FloatGraph:
    """Everything that ties channels: two sums, a join, pools, a border, a flattening, a depthwise multiplier."""
    rng = np.random.default_rng(seed)
    nodes: list[FloatNode] = []

    def add(name: str, operator, *reads: str) -> str:
        nodes.append(FloatNode(name, operator, reads, (f"{name}_out",)))
        return f"{name}_out"

    def conv(name: str, read: str, outputs: int, inputs: int, kernel: int = 1, padding: int = 0) -> str:
        window = Window((kernel, kernel), padding=(padding,) * 4)
        weights = sparse(rng, (outputs, inputs * kernel * kernel), kept)
        bias = rng.normal(0, 0.5, outputs).astype(np.float32)
        return add(name, Conv2d(weights, bias, named_limits("relu"), window), read)

    one = conv("one", "x", 6, 2, 3, 1)
    two = conv("two", one, 6, 6)
    total = add("sum", Add(named_limits("relu")), one, two)
    pooled = add("max", MaxPool(Window((2, 2), (2, 2))), total)
    weights = sparse(rng, (12, 9), kept)
    window = Window((3, 3), padding=(1, 1, 1, 1))
    bias = rng.normal(0, 0.5, 12).astype(np.float32)
    deep = add("deep", DepthwiseConv2d(weights, bias, NONE, window, 2), pooled)
    three = conv("three", deep, 5, 12)
    joined = add("join", Concatenate(), three, pooled)
    mean = add("mean", AveragePool(Window((2, 2), (1, 1), padding=(0, 1, 1, 0))), joined)
    border = add("border", Pad((1, 0, 0, 1)), mean)
    four = conv("four", border, 4, 11, 3)
    vector = add("flat", Reshape((4 * 2 * 2,)), four)
    matrix = sparse(rng, (CLASSES, 16), max(kept, 0.2))
    add("fc", FullyConnected(matrix, rng.normal(0, 1, CLASSES).astype(np.float32)), vector)
    return FloatGraph("branches", {"x": (6, 6, 2)}, tuple(nodes), ("fc_out",))


def shapes(graph: FloatGraph) -> dict[str, tuple[int, ...]]:
    return {node.name: node.operator.weights.shape for node in graph.nodes_of(Linear)}


@given(
    seed=st.integers(0, 10_000),
    kept=st.sampled_from([0.0, 0.05, 0.1, 0.3, 1.0]),
    padding=st.sampled_from([0, 1]),
)
@settings(max_examples=60, deadline=None)
def test_logits_of_a_chain_do_not_change(seed, kept, padding):
    graph = chain(seed, kept, padding)
    pixels = np.random.default_rng(seed).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    smaller = compact(graph)
    np.testing.assert_allclose(smaller.logits(pixels), graph.logits(pixels), rtol=1e-4, atol=1e-4)
    assert shapes(compact(smaller)) == shapes(smaller)
    assert smaller.nnz <= graph.nnz
    if kept == 1.0:
        assert shapes(smaller) == shapes(graph)


@given(seed=st.integers(0, 10_000), kept=st.sampled_from([0.0, 0.05, 0.15, 0.4]))
@settings(max_examples=80, deadline=None)
def test_outputs_of_branches_do_not_change(seed, kept):
    graph = branches(seed, kept)
    x = np.random.default_rng(seed).normal(0, 1, (3, 6, 6, 2)).astype(np.float32)
    smaller = compact(graph)
    np.testing.assert_allclose(smaller.logits(x), graph.logits(x), rtol=1e-4, atol=1e-4)
    assert shapes(compact(smaller)) == shapes(smaller)
    assert smaller.weight_count <= graph.weight_count


def with_layer(graph: FloatGraph, name: str, **changes) -> FloatGraph:
    return graph.with_operators({name: replace(graph.node(name).operator, **changes)})


def layer_of(graph: FloatGraph, name: str) -> Linear:
    return graph.node(name).operator


def test_a_channel_that_nothing_reads_goes_with_its_whole_column_of_work():
    graph = chain(1, 1.0, 1)
    matrix = layer_of(graph, "pw2").weights.copy()
    matrix[:, 2] = 0
    found = shapes(compact(with_layer(graph, "pw2", weights=matrix)))
    assert found["pw1"] == (5, 5)
    assert found["dw2"] == (5, 9)
    assert found["pw2"] == (4, 5)


def test_a_channel_without_weights_becomes_a_bias_of_its_readers():
    graph = chain(2, 1.0, 1)
    kernels, bias = layer_of(graph, "dw2").weights.copy(), layer_of(graph, "dw2").bias.copy()
    kernels[3], bias[3] = 0, 2.5
    smaller = compact(with_layer(graph, "dw2", weights=kernels, bias=bias))
    before, after = layer_of(graph, "pw2"), layer_of(smaller, "pw2")
    assert after.weights.shape == (4, 5)
    np.testing.assert_allclose(after.bias, before.bias + 2.5 * before.weights[:, 3], rtol=1e-6)


def test_a_constant_under_zero_padding_stays_since_the_border_would_change():
    graph = chain(3, 1.0, 1)
    matrix, bias = layer_of(graph, "pw1").weights.copy(), layer_of(graph, "pw1").bias.copy()
    matrix[1], bias[1] = 0, 1.5
    positive = compact(with_layer(graph, "pw1", weights=matrix, bias=bias))
    assert layer_of(positive, "dw2").weights.shape == (6, 9)
    bias[1] = -1.5  # ReLU makes it 0, which padding does not change
    negative = compact(with_layer(graph, "pw1", weights=matrix, bias=bias))
    assert layer_of(negative, "dw2").weights.shape == (5, 9)


def test_a_sum_keeps_a_channel_that_either_of_its_values_needs():
    graph = branches(0, 1.0)
    kernels = layer_of(graph, "two").weights.copy()
    kernels[:, 4] = 0  # of 'one', channel 4 is read by the sum alone
    assert shapes(compact(with_layer(graph, "two", weights=kernels)))["one"] == (6, 18)


def test_flattened_channels_go_with_all_their_positions():
    graph = branches(0, 1.0)
    matrix = layer_of(graph, "fc").weights.copy()
    matrix[:, 1::4] = 0  # channel 1 of every position
    smaller = compact(with_layer(graph, "fc", weights=matrix))
    assert shapes(smaller)["four"] == (3, 99)
    assert shapes(smaller)["fc"] == (CLASSES, 12)
    assert smaller.node("flat").operator.shape == (12,)


def test_nodes_that_lead_nowhere_go():
    graph = branches(0, 1.0)
    spare = FloatNode("spare", MaxPool(), ("one_out",), ("spare_out",))
    nodes = compact(replace(graph, nodes=(*graph.nodes, spare))).nodes
    assert [node.name for node in nodes] == [node.name for node in graph.nodes]


@pytest.mark.parametrize("kept", [0.3, 1.0])
def test_every_output_keeps_all_its_channels(kept):
    graph = replace(branches(5, kept), outputs=("fc_out", "join_out"))
    smaller = compact(graph)
    assert smaller.shapes["join_out"] == graph.shapes["join_out"]
    x = np.random.default_rng(0).normal(0, 1, (2, 6, 6, 2)).astype(np.float32)
    np.testing.assert_allclose(smaller.run(x)["join_out"], graph.run(x)["join_out"], atol=1e-4)
