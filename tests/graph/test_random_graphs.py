"""Random graphs: the same for the same seed, of every operator, at the edges that they promise."""

from collections import Counter

import numpy as np
import pytest

from tinygmp.graph.file import to_bytes
from tinygmp.graph.kinds import KINDS, kind_of
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.operators.pool import AveragePool, MaxPool
from tinygmp.graph.operators.window import same_padding
from tinygmp.graph.random_calibrated_graph import meaning_of, random_calibrated_graph
from tinygmp.graph.random_edge_graph import edge_inputs, random_edge_graph
from tinygmp.graph.random_graph import random_graph, random_inputs
from tinygmp.graph.reference.run import run, trace
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS

EDGES = [random_edge_graph(seed) for seed in range(120)]
EVERY_FORMAT = tuple((index, value) for index in INDEX_FORMATS for value in VALUE_FORMATS)


def nodes_of(*operators: type):
    """Yield (model, node) of every edge graph."""
    for model in EDGES:
        for node in model.nodes_of(*operators):
            yield model, node


@pytest.mark.parametrize("make", [random_graph, random_edge_graph, random_calibrated_graph])
def test_a_seed_gives_one_graph_and_another_seed_another(make):
    assert to_bytes(make(3)) == to_bytes(make(3))
    assert to_bytes(make(3)) != to_bytes(make(4))


def test_every_operator_of_graphs_without_a_state_comes_often():
    count = Counter(kind_of(node.operator) for model in EDGES for node in model.nodes)
    assert set(count) == set(KINDS) - {"fastgrnn", "gru", "lstm", "hidden_layer"}
    assert min(count.values()) > 20


def test_inputs_and_outputs_of_every_kind():
    inputs = [model.values[name] for model in EDGES for name in model.inputs]
    assert {value.dtype for value in inputs} == {"int8", "uint8", "int16"}
    assert {len(value.shape) for value in inputs} == {1, 3}
    assert {len(model.inputs) for model in EDGES} == {1, 2, 3}
    assert {len(model.outputs) for model in EDGES} >= {1, 2, 3}
    assert {model.output.dtype for model in EDGES} == {"int8", "int32"}
    assert {bool(model.labels) for model in EDGES} == {True, False}
    assert {model.rounding for model in EDGES} >= {"fp32", "gemmlowp"}


def test_windows_differ_by_axis_and_have_any_border():
    windows = [
        (model.read_by(node)[0], node.operator.window) for model, node in nodes_of(Conv2d, DepthwiseConv2d)
    ]
    for field in ("kernel", "stride", "dilation"):
        assert any(len(set(getattr(window, field))) == 2 for _, window in windows)
    paddings = [
        window.padding == same_padding(*read.map_shape[:2], window.kernel, window.stride, window.dilation)
        for read, window in windows
        if any(window.padding)
    ]
    assert {*paddings} == {True, False}
    assert any(read.map_shape[0] == 1 and window.kernel[1] > 1 for read, window in windows)
    assert any(len(read.shape) == 1 for read, _ in windows)
    assert max(node.operator.multiplier for _, node in nodes_of(DepthwiseConv2d)) == 3
    pools = [node.operator.window.padding for _, node in nodes_of(MaxPool, AveragePool)]
    assert any(len(set(padding)) > 2 for padding in pools)


def test_factors_scales_and_weights_reach_their_ends():
    found = [
        float(node.operator.factors(model.read_by(node)[0], model.written_by(node)[0]).max())
        for model, node in nodes_of(Linear)
        if model.written_by(node)[0].dtype == "int8"
    ]
    assert 200 < max(found) < 256
    assert min(found) < 0.01
    scales = [value.scale for model in EDGES for value in model.values.values() if value.dtype == "int8"]
    assert max(scales) / min(scales) > 100
    kept = [node.operator.weights.nnz / node.operator.weights.size for _, node in nodes_of(Linear)]
    assert (min(kept), max(kept)) == (0, 1)
    zeros = {value.zero_point for model in EDGES for value in model.values.values()}
    assert {-128, 127} <= zeros


def test_weights_are_in_every_format_that_was_asked_for():
    graphs = [random_edge_graph(seed, formats=EVERY_FORMAT) for seed in range(150)]
    tensors = [tensor for model in graphs for tensor in model.tensors()]
    assert {tensor.index_format for tensor in tensors} == set(INDEX_FORMATS)
    assert {tensor.value_format for tensor in tensors} == set(VALUE_FORMATS)
    assert {tensor.index_format for model in EDGES for tensor in model.tensors()} == {
        "dense",
        "bitmask",
        "rice",
        "csr8",
        "csr16",
    }


def test_small_graphs_stay_small():
    for seed in range(40):
        model = random_edge_graph(seed, 3, 100)
        assert max(model.values[name].size for name in model.inputs) <= 100
        assert max(value.size for value in model.values.values()) <= 300


def test_edge_inputs_hold_both_ends_of_the_type():
    model = next(model for model in EDGES if model.input.dtype == "int16")
    counts = edge_inputs(model, 1)[0]
    assert counts.shape == (4, *model.input.shape)
    assert counts[0].max() <= 9000
    assert (counts[2] == -32768).all()
    assert (counts[3] == 32767).all()
    assert len(run(model, *edge_inputs(model, 1)).classes) == 4


@pytest.mark.parametrize("seed", range(8))
def test_sums_of_calibrated_graphs_fill_int8_and_seldom_leave_it(seed):
    model = random_calibrated_graph(seed)
    values = trace(model, *random_inputs(model, 64, seed))
    for node in model.nodes_of(Linear):
        written = values[node.writes[0]]
        assert np.ptp(written.astype(int)) > 60
        low, high = node.operator.limits.integers(model.values[node.writes[0]])
        if node.operator.limits.name == "none":
            assert ((written == low) | (written == high)).mean() < 0.05


def test_a_meaning_holds_zero_and_both_ends():
    assert meaning_of(np.array([-1.0, 4.1])) == (float(np.float32(5.1 / 255)), -78)
    assert meaning_of(np.array([2.0, 5.1])) == (float(np.float32(0.02)), -128)
    assert meaning_of(np.array([0.0])) == (float(np.float32(0.001 / 255)), -128)
