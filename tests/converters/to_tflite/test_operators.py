"""Every operator in TFLite: int8 equals the reference bit for bit under the kernels that round as the model does."""

from dataclasses import replace

import numpy as np
import pytest

from converters.ports import output_names
from converters.to_tflite.convert import convert
from converters.to_tflite.graph_model import convert_graph
from converters.to_tflite.operators.registry import HANDLERS, OUTSIDE
from converters.to_tflite.run_graph import run_micro_graph, run_tflite_graph
from tests.converters.one_node_graphs import cell_alone, cell_beside, inputs_of_every_range, value
from tests.converters.operator_cases import CASES, TWICE_ROUNDED
from tinygmp.errors import DataError, FileFormatError, UnsupportedError
from tinygmp.graph.kinds import KINDS
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.pixel_input import PixelInput
from tinygmp.graph.reference.run import run
from tinygmp.quant.requantize import INT16_MAX

ARENA_BYTES = 1 << 17


REFUSED = ("average_pool: uneven border", "reshape: raw counts", "reshape: raw pixels")
SUMS = [case for case in CASES if case.startswith("fully_connected: sums")]
INT8 = [case for case in CASES if case not in (*SUMS, *REFUSED)]


def int8_file(model: PackedModel) -> bytes:
    return convert_graph(model, ("int8",)).files[f"{model.name}_int8.tflite"]


def assert_equal(model: PackedModel, found: dict[str, np.ndarray], inputs: list[np.ndarray]) -> None:
    expected = run(model, *inputs).outputs
    for name, called in output_names(model).items():
        assert found[called].dtype == np.int8
        assert np.array_equal(found[called], expected[name])


def test_every_operator_has_a_handler_or_stays_outside():
    assert {*HANDLERS, *OUTSIDE} == {KINDS[case.split(":")[0]] for case in CASES}


@pytest.mark.parametrize("case", [case for case in INT8 if not case.endswith("gemmlowp")])
def test_int8_equals_the_reference_under_xnnpack(case):
    """What rounds as 'fp32', and what does not round: XNNPACK's kernels, or LiteRT's where it has none."""
    model = CASES[case]
    inputs = inputs_of_every_range(model)
    assert_equal(model, run_tflite_graph(int8_file(model), model, inputs), inputs)


@pytest.mark.parametrize(
    "case", [case for case in INT8 if not case.endswith("fp32") and not case.startswith("add")]
)
def test_int8_equals_the_reference_under_the_plain_kernels_and_in_tflite_micro(case):
    """What rounds as 'gemmlowp', and what does not round; sums of two are defined as XNNPACK computes them.

    A matrix with a scale for each output is rounded twice by TFLite Micro, once by LiteRT.
    """
    model = CASES[case]
    inputs, content = inputs_of_every_range(model), int8_file(model)
    assert_equal(model, run_tflite_graph(content, model, inputs, reference_kernels=True), inputs)
    found = run_micro_graph(content, model, inputs, ARENA_BYTES)
    if "a scale for each output" not in case:
        assert_equal(model, found, inputs)
    for name, expected in run(model, *inputs).outputs.items():
        assert np.abs(found[output_names(model)[name]].astype(int) - expected).max() <= 1


@pytest.mark.parametrize("case", INT8)
def test_no_kernel_differs_by_more_than_a_unit(case):
    model = CASES[case]
    inputs, content = inputs_of_every_range(model), int8_file(model)
    expected = run(model, *inputs).outputs
    for reference_kernels in (False, True):
        found = run_tflite_graph(content, model, inputs, reference_kernels)
        for name, called in output_names(model).items():
            assert np.abs(found[called].astype(int) - expected[name]).max() <= 1


@pytest.mark.parametrize("case", SUMS)
@pytest.mark.parametrize("kernels", ["xnnpack", "plain", "micro"])
def test_sums_are_told_in_32767th_of_the_largest(case, kernels):
    """TFLite's kernels give no sums as they are."""
    model = CASES[case]
    inputs, content = inputs_of_every_range(model), int8_file(model)
    if kernels == "micro":
        found = run_micro_graph(content, model, inputs, ARENA_BYTES)["y"]
    else:
        found = run_tflite_graph(content, model, inputs, reference_kernels=kernels == "plain")["y"]
    most = max(1, model.node("node").operator.largest_accumulator() / INT16_MAX)
    sums = run(model, *inputs).outputs["y"]
    assert np.abs(found / model.values["y"].scale - sums).max() <= 0.51 * most + 2**-14 * np.abs(sums).max()
    assert np.ptp(sums) > 20


@pytest.mark.parametrize("case", [*INT8, *SUMS])
@pytest.mark.parametrize("reference_kernels", [False, True], ids=["xnnpack", "plain"])
def test_float_differs_by_half_a_unit(case, reference_kernels):
    model = CASES[case]
    inputs, content = inputs_of_every_range(model), convert(model).files["one_f32.tflite"]
    expected, found = run(model, *inputs).outputs, run_tflite_graph(content, model, inputs, reference_kernels)
    for name, called in output_names(model).items():
        value = model.values[name]
        units = np.clip(found[called] / value.scale + value.zero_point, *value.limits)
        assert np.abs(units - expected[name]).max() < (0.76 if case in TWICE_ROUNDED else 0.51)


@pytest.mark.parametrize("case", REFUSED)
def test_what_tflite_has_no_operator_for_is_refused(case):
    told = {"average_pool": "only as its SAME", "reshape": "'given' is u?int(8|16); a TFLite file takes int8"}
    with pytest.raises(UnsupportedError, match=told[case.split(":")[0]]):
        convert(CASES[case])


def test_cells_are_converted_in_their_chain_only():
    with pytest.raises(
        UnsupportedError, match="layer 'rnn': no TFLite form of 'fastgrnn' outside of the chain"
    ):
        convert(cell_alone())
    with pytest.raises(UnsupportedError, match="is no chain of sensor input, recurrent cells and one matrix"):
        convert(cell_beside())


def test_pixels_for_two_layers_are_refused():
    model = CASES["pixel_input: a map"]
    again = Node("again", PixelInput(), ("given",), ("z",))
    values = {**model.values, "z": value("z", (4, 5, 3), zero_point=0)}
    twice = replace(model, values=values, nodes=(*model.nodes, again), outputs=("y", "z"))
    with pytest.raises(UnsupportedError, match="'given' is uint8; a TFLite file takes int8"):
        convert(twice)


def test_other_inputs_and_other_bytes_are_refused():
    model = CASES["add: odd channels"]
    inputs = inputs_of_every_range(model)
    content = int8_file(model)
    with pytest.raises(DataError, match="the model needs"):
        run_tflite_graph(content, model, [each[:, :2] for each in inputs])
    with pytest.raises(FileFormatError, match="LiteRT refused the TFLite model"):
        run_tflite_graph(content[:100], model, inputs)


def test_forms_of_another_name_are_refused():
    with pytest.raises(UnsupportedError, match="int8, f32, f32_sparse"):
        convert_graph(CASES["add: odd channels"], ("int8_sparse",))
