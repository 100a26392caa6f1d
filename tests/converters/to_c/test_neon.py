"""C for 64-bit ARM equals the reference bit for bit, with SDOT and without, in an emulator."""

import re
from dataclasses import replace

import numpy as np
import pytest

from converters.base import converter
from converters.to_c.neon.channel_order import channel_orders, together
from converters.to_c.neon.convert import convert, fits_16_bits, has_narrow_limits
from converters.to_c.neon.layers import matrix
from converters.to_c.neon.layout import grouped, map_bytes, plane_bytes
from tests.converters.image_models import EVEN, FORMATS, ODD, SHAPES, images, model_of
from tests.converters.one_node_graphs import inputs_of_every_range
from tests.converters.operator_cases import CASES
from tests.graph_edits import with_fields
from tinygmp.device.arm64_engine import CORES, build_arm64, run_arm64
from tinygmp.device.words import reference_of, words_of
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.limits import Limits
from tinygmp.graph.random_edge_graph import edge_inputs, random_edge_graph
from tinygmp.graph.random_graph import random_graph, random_inputs
from tinygmp.graph.random_model import random_model
from tinygmp.graph.values import Value
from tinygmp.quant.rounding_multiply import ROUNDINGS

in_emulator = pytest.mark.needs_program("qemu-aarch64", "ziglang")


def assert_exact(model: PackedModel, inputs: list[np.ndarray]) -> None:
    words = words_of(model, inputs)
    logits, classes = reference_of(model)(words)
    built = build_arm64(convert(model))
    for core in CORES:
        found = run_arm64(built, words, core)
        assert np.array_equal(found.logits, logits), core
        assert np.array_equal(found.classes, classes), core


@in_emulator
@pytest.mark.parametrize("case", CASES)
def test_every_operator_equals_the_reference(case):
    model = CASES[case]
    assert_exact(model, inputs_of_every_range(model))


@in_emulator
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize(("index_format", "kept"), FORMATS.items())
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_image_networks_equal_the_reference(shape, index_format, kept, rounding):
    assert_exact(model_of(shape, index_format, kept, rounding=rounding), [images(shape[0], 3)])


@in_emulator
@pytest.mark.parametrize("size", [14, 28, 57])
def test_maps_of_one_tile_and_a_rest(size):
    """49, 196 and 841 positions: tiles of 13, of 24 and 25, and of 24 and 16 fours, and a last one of less."""
    assert_exact(model_of((size, 8, ((12, 1), (40, 1))), "bitmask", 0.1), [images(size, 2)])


@in_emulator
@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_equal_the_reference(seed):
    model = random_graph(seed)
    assert_exact(model, random_inputs(model, 2, seed))


@in_emulator
@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_at_the_edges_equal_the_reference(seed):
    model = random_edge_graph(seed)
    assert_exact(model, edge_inputs(model, seed))


@in_emulator
def test_limits_of_a_layer_are_kept():
    model = model_of(EVEN)
    assert not has_narrow_limits(model)
    cut = with_fields(model, "pw1", limits=Limits(0.0, 3.0))
    assert has_narrow_limits(cut)
    assert_exact(cut, [images(EVEN[0], 2)])


@in_emulator
def test_sums_beyond_16_bits_are_cut():
    """With factors a thousand times as large nearly every output is at an end of int8."""
    model = model_of(EVEN)
    scales = model.node("pw2").operator.weight_scales
    large = with_fields(model, "pw2", weight_scales=(1000 * scales).astype(np.float32))
    assert fits_16_bits(model)
    assert not fits_16_bits(large)
    assert_exact(large, [images(EVEN[0], 2)])


@in_emulator
def test_a_stream_runs_too():
    model = random_model(3, hidden=20)
    counts = np.random.default_rng(0).integers(-900, 900, (3, 12, model.input.shape[-1])).astype(np.int16)
    found = run_arm64(build_arm64(convert(model)), counts, count=True)
    assert np.array_equal(found.logits, reference_of(model)(counts)[0])
    assert found.step is not None
    assert found.step.calls == 3


@in_emulator
def test_zeros_cost_less_and_the_count_repeats():
    models = {kept: model_of((28, 8, ((64, 1), (64, 1))), "bitmask", kept) for kept in (0.1, 1.0)}
    counts = {}
    for kept, model in models.items():
        words, built = words_of(model, [images(28, 1)]), build_arm64(convert(model))
        runs = [run_arm64(built, words, count=True).step for _ in range(2)]
        assert runs[0] == runs[1]
        counts[kept] = runs[0].instructions
    assert counts[0.1] < 0.75 * counts[1.0]


def test_planes_worked_by_hand():
    assert [plane_bytes(positions) for positions in (1, 2, 4, 5, 49)] == [4, 16, 16, 32, 208]
    assert map_bytes(Value("a", (7, 7, 9), "int8", 1.0)) == 3 * 208 + 64
    weights = np.arange(1, 7, dtype=np.int8).reshape(1, 2, 3)
    assert grouped(weights).tolist() == [[[1, 2, 3, 0], [4, 5, 6, 0]], *[[[0] * 4] * 2] * 3]


def test_a_sparse_matrix_worked_by_hand():
    """One output, two fours of inputs, of which the second holds one weight; three rows fill the block."""
    form = matrix(np.array([[[0, 0, 0, 0, 0, 7, 0, 0]]], np.int8))
    assert form.kernel == "tg_neon_sparse"
    assert form.values.tolist() == [0, 7, 0, 0]
    assert form.index.tolist() == [1]
    assert form.counts.tolist() == [1, 0, 0, 0]
    dense = matrix(np.ones((4, 1, 8), np.int8))
    assert (dense.kernel, dense.groups, dense.values.size) == ("tg_neon_dense", 2, 32)


def test_columns_that_the_same_outputs_read_stand_together():
    held = np.zeros((4, 8), bool)
    held[0, ::2] = held[1, 1::2] = True
    assert sorted(sorted(each) for each in together(held).reshape(2, 4).tolist()) == [
        [0, 2, 4, 6],
        [1, 3, 5, 7],
    ]


def test_no_one_outside_sees_another_order():
    model = model_of(ODD, "bitmask", 0.1)
    orders = channel_orders(model)
    assert orders
    assert not set(orders) & {*model.inputs, *model.outputs}
    for name, order in orders.items():
        assert sorted(order) == list(range(model.values[name].channels))
    seen = replace(model, outputs=(*model.outputs, model.node("dw2").reads[0]))
    assert set(channel_orders(seen)) < set(orders)


def test_the_text_is_the_same_every_time_and_takes_no_heap():
    model = model_of(EVEN, "rice", 0.3)
    made = converter("arm64")(model)
    assert made.target == "arm64"
    assert made.files == convert(model).files
    text = made.files[f"{model.name}.c"].decode()
    assert "#include <arm_neon.h>" in text
    assert not re.search(r"\b(malloc|calloc|free|printf|float_t)\b", text)
    portable = converter("c")(model).files
    assert made.files[f"{model.name}.h"].decode().count("uint16_t") == portable[
        f"{model.name}.h"
    ].decode().count("uint16_t")
