"""Every operator in C equals the reference bit for bit, under AddressSanitizer and UndefinedBehaviorSanitizer."""

from dataclasses import replace

import numpy as np
import pytest

from converters.to_c.convert import convert
from converters.to_c.operators.registry import HANDLERS
from tests.converters.linear_cases import by_channel, convolve
from tests.converters.map_cases import pool
from tests.converters.one_node_graphs import cell_alone, cell_beside, inputs_of_every_range, one_node, value
from tests.converters.operator_cases import CASES
from tests.graph_edits import with_fields
from tinygmp.device.board import find_board
from tinygmp.device.host import run_on_host
from tinygmp.device.lab import simulate
from tinygmp.device.toolchain import build
from tinygmp.device.words import reference_of, words_of
from tinygmp.errors import UnsupportedError
from tinygmp.graph.kinds import KINDS
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.pool import MaxPool
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.operators.window import Window
from tinygmp.graph.random_graph import random_graph, random_inputs
from tinygmp.quant.rounding_multiply import ROUNDINGS
from tinygmp.sparse import encode

SHORT_MULTIPLY = ("TG_DSP_EMULATED", "TG_NO_LONG_MULTIPLY")  # kernels of other cores, written out in C
WITH_SHORT_MULTIPLY = ("conv2d", "depthwise_conv2d", "fully_connected")


def assert_exact(model: PackedModel, inputs: list[np.ndarray], defines: tuple[str, ...] = ()) -> None:
    words = words_of(model, inputs)
    logits, classes = reference_of(model)(words)
    found = run_on_host(convert(model), words, sanitize=True, defines=defines)
    assert np.array_equal(found.logits, logits)
    assert np.array_equal(found.classes, classes)


def test_every_operator_has_cases_and_a_handler():
    assert {name.split(":")[0] for name in CASES} == set(KINDS) - {"fastgrnn", "gru", "lstm", "hidden_layer"}
    assert set(HANDLERS) == {KINDS[name.split(":")[0]] for name in CASES}


@pytest.mark.parametrize("case", CASES)
def test_equals_the_reference_under_sanitizers(case):
    model = CASES[case]
    assert_exact(model, inputs_of_every_range(model))


@pytest.mark.parametrize("case", [case for case in CASES if case.split(":")[0] in WITH_SHORT_MULTIPLY])
def test_kernels_of_other_cores_equal_the_reference_too(case):
    model = CASES[case]
    assert_exact(model, inputs_of_every_range(model), SHORT_MULTIPLY)


@pytest.mark.parametrize("board", ["nucleo-f446re", "nucleo-g071rb", "longan-nano", "esp32-c3"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_means_that_rescale_equal_the_reference_on_simulated_cores(board, rounding):
    for case in ("to a finer scale", "halves", "few positions and a large factor"):
        model = CASES[f"global_average_pool: {case}, {rounding}"]
        words = words_of(model, inputs_of_every_range(model))
        result = simulate(build(convert(model), find_board(board)), words)
        assert np.array_equal(result.logits, reference_of(model)(words)[0])


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_of_every_operator_equal_the_reference(seed):
    model = random_graph(seed, layers=10)
    assert_exact(model, random_inputs(model, 3, seed))


@pytest.mark.parametrize("defines", [(), ("TG_DSP_EMULATED",)], ids=["plain", "DSP"])
@pytest.mark.parametrize("columns", [65531, 65533, 65535])
def test_the_widest_maps_wrap_nowhere(columns, defines):
    border = Window((1, 3), padding=(0, 0, 1, 1))
    for model in (
        convolve((1, columns, 1), 1, border, "fp32"),
        by_channel((1, columns, 1), Window((3, 3), padding=(1, 1, 1, 1)), "fp32"),
    ):
        assert_exact(model, [each[:2] for each in inputs_of_every_range(model)], defines)


def test_a_padding_beyond_a_byte_is_refused():
    wide = pool(MaxPool, (1, 300, 2), Window((1, 255), padding=(0, 0, 254, 0)))
    assert "tg_max_pool" in convert(wide).files["one.c"].decode()
    dilated = Window((1, 200), dilation=(1, 2), padding=(0, 0, 256, 0))
    with pytest.raises(UnsupportedError, match=r"layer 'node': padding \(0, 0, 256, 0\) exceeds 255"):
        convert(convolve((1, 400, 1), 1, dilated, "fp32"))


def test_a_patch_beyond_16_bits_is_refused():
    with pytest.raises(UnsupportedError, match="weights exceed 65535 a side"):
        convert(convolve((16, 16, 256), 1, Window((16, 16)), "fp32"))


@pytest.mark.parametrize(("index_format", "value_format"), [("relative4", "int8"), ("bitmask", "int8_rice")])
def test_formats_without_a_kernel_are_refused(index_format, value_format):
    model = CASES["conv2d: 1 x 1, odd channels, fp32"]
    q = model.node("node").operator.weights.decode()
    other = encode("node.weights", q, 1.0, index_format, value_format)
    unknown = index_format if value_format == "int8" else value_format
    with pytest.raises(UnsupportedError, match=f"layer 'node': no C kernel for .* format '{unknown}'"):
        convert(with_fields(model, "node", weights=other))


def test_a_sum_beyond_32_bits_is_refused():
    """The reference subtracts the zero point first, C afterwards, so that its bias may be larger."""
    model = convolve((1, 1, 1), 1, Window(), "fp32")
    read = replace(model.values["x"], zero_point=-128)
    most = 2**31 - 1 - 255 * 127
    model = replace(
        with_fields(
            model,
            "node",
            bias=np.array([most], np.int32),
            weights=encode("w", np.full((1, 1), 127, np.int8), 1.0, "dense"),
        ),
        values={**model.values, "x": read},
    )
    with pytest.raises(UnsupportedError, match="layer 'node': a sum could leave 32 bits"):
        convert(model)


def test_channels_of_a_sensor_are_counted_in_a_byte():
    many = SensorInput(
        tuple(f"c{index}" for index in range(256)),
        ("g",) * 256,
        (1.0,) * 256,
        np.zeros(256, np.int16),
        np.ones(256, np.int16),
        16,
    )
    model = one_node(many, [value("x", (256,), 0.0, 0, "int16")], value("y", (256,), zero_point=0))
    with pytest.raises(UnsupportedError, match="layer 'node': 256 channels, the limit is 255"):
        convert(model)


def test_cells_are_converted_in_their_chain_only():
    with pytest.raises(
        UnsupportedError, match="layer 'rnn': no C kernel for 'fastgrnn' outside of the chain"
    ):
        convert(cell_alone())
    with pytest.raises(UnsupportedError, match="is no chain of sensor input, recurrent cells and one matrix"):
        convert(cell_beside())
