"""Every operator in onnxruntime: the exact form equals the reference to the bit, the others within their rounding."""

import numpy as np
import pytest

from converters.ports import output_names
from converters.to_onnx.convert import convert
from converters.to_onnx.operators.registry import HANDLERS
from converters.to_onnx.run_graph import run_onnx_graph
from tests.converters.one_node_graphs import cell_alone, cell_beside, inputs_of_every_range
from tests.converters.operator_cases import CASES, TWICE_ROUNDED
from tinygmp.errors import DataError, FileFormatError, UnsupportedError
from tinygmp.graph.kinds import KINDS
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_graph import random_graph, random_inputs
from tinygmp.graph.reference.run import run

# Where counts less their offset leave 16 bits, which the reference cuts and real numbers do not.
SATURATED = "sensor_input: the largest offsets and shift"


def units(model: PackedModel, content: bytes, inputs: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Return the outputs of a file by the model's names, in units of each value and not rounded."""
    found = run_onnx_graph(content, inputs)
    return {
        name: found[called] / model.values[name].scale + model.values[name].zero_point
        for name, called in output_names(model).items()
    }


def assert_exact(model: PackedModel, inputs: list[np.ndarray]) -> None:
    found = units(model, convert(model).files[f"{model.name}_exact.onnx"], inputs)
    for name, expected in run(model, *inputs).outputs.items():
        assert np.array_equal(np.rint(found[name]), expected)


def test_every_operator_has_a_handler():
    assert set(HANDLERS) == {KINDS[name.split(":")[0]] for name in CASES}


@pytest.mark.parametrize("case", CASES)
def test_the_exact_form_equals_the_reference_to_the_bit(case):
    model = CASES[case]
    assert_exact(model, inputs_of_every_range(model))


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_of_every_operator_equal_the_reference(seed):
    model = random_graph(seed, layers=10)
    assert_exact(model, random_inputs(model, 3, seed))


@pytest.mark.parametrize("case", CASES)
def test_int8_differs_by_a_unit_and_float_by_half_of_one(case):
    model = CASES[case]
    inputs, files = inputs_of_every_range(model), convert(model).files
    int8 = units(model, files["one_int8.onnx"], inputs)
    real = units(model, files["one.onnx"], inputs)
    for name, expected in run(model, *inputs).outputs.items():
        low, high = model.values[name].limits
        assert np.abs(np.clip(int8[name], low, high) - expected).max() < 1.01
        limit = 1.01 if case == SATURATED else 0.76 if case in TWICE_ROUNDED else 0.51
        assert np.abs(np.clip(real[name], low, high) - expected).max() < limit


def test_other_inputs_and_other_bytes_are_refused():
    model = CASES["add: odd channels"]
    content, inputs = convert(model).files["one.onnx"], inputs_of_every_range(model)
    with pytest.raises(DataError, match="takes 2 inputs, got 1"):
        run_onnx_graph(content, inputs[:1])
    with pytest.raises(DataError, match=r"needs 'b' as tensor\(int8\)"):
        run_onnx_graph(content, [inputs[0], inputs[1].astype(np.int16)])
    with pytest.raises(FileFormatError, match="refused the ONNX model"):
        run_onnx_graph(content[:100], inputs)


def test_cells_are_converted_in_their_chain_only():
    with pytest.raises(
        UnsupportedError, match="layer 'rnn': no ONNX form of 'fastgrnn' outside of the chain"
    ):
        convert(cell_alone())
    with pytest.raises(UnsupportedError, match="is no chain of sensor input, recurrent cells and one matrix"):
        convert(cell_beside())
