"""TFLite step cells follow the reference, keep one scale for the state, and are well-formed files."""

import json

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from converters.real_model import real_cell, real_ends
from converters.to_tflite.convert import convert
from converters.to_tflite.run import run_tflite
from converters.to_tflite.stream import METADATA_NAME, convert_stream
from tinygmp.data.samples import Samples
from tinygmp.errors import DataError, FileFormatError, UnsupportedError
from tinygmp.graph.operators.fastgrnn import STATE_LIMIT
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.inputs import quantize_counts
from tinygmp.graph.reference.run import run
from tinygmp.graph.window_chain import chain_of
from tinygmp.verify.forms import forms_of
from tinygmp.verify.judge import judge

F32, INT16X8 = "tiny_step_f32.tflite", "tiny_step_int16x8.tflite"


@pytest.fixture(scope="module")
def files(network):
    return convert(network).files


def float_logits(model, counts: np.ndarray) -> np.ndarray:
    """The shared float equations in float64 numpy."""
    chain = chain_of(model)
    ends, real = real_ends(chain), real_cell(chain.cell)

    def apply(matrices, vector):
        for position, matrix in enumerate(matrices):
            vector = np.clip(vector, -1, 1) if position else vector
            vector = vector @ (matrix.q * matrix.unit).T
        return vector

    x = np.clip(np.rint((counts - ends.offset.astype(float)) * ends.input_gain) / ends.input_limit, -1, 1)
    h = np.zeros((len(counts), real.hidden_size))
    for step in range(counts.shape[1]):
        pre = apply(real.w, x[:, step]) + apply(real.u, h)
        z, c = 1 / (1 + np.exp(-(pre + real.bias_gate))), np.tanh(pre + real.bias_update)
        h = np.clip(z * h + (real.zeta * (1 - z) + real.nu) * c, -1, 1)
    return apply((ends.classifier,), h) + ends.classifier_bias


@pytest.mark.parametrize(("file", "limit"), [(F32, 1e-5), (INT16X8, 0.02)])
def test_logits_follow_the_float_equations(network, files, walks, file, limit):
    counts = walks(60)
    expected = float_logits(network, counts)
    obtained = run_tflite(files[file], counts)
    assert np.abs(obtained.logits - expected).max() < limit * expected.std()
    np.testing.assert_array_equal(obtained.classes, obtained.logits.argmax(axis=1))


def test_every_form_agrees_with_the_reference_within_its_tolerance(network, files, walks):
    expected = judge(network, Samples("walks", True, (walks(200, steps=128),)))
    forms = forms_of(network, "tflite")
    assert {f"tiny{form.ending}" for form in forms} == set(files)
    for form in forms:
        found = expected.form(form, files[f"tiny{form.ending}"])
        assert found.agrees, found


@pytest.mark.parametrize("shape", [(1, 1, 1), (9, 64, 6), (5, 3, 2)])
@pytest.mark.parametrize("ranks", [(0, 0), (1, 2)])
def test_random_models_of_any_size_follow_the_float_equations(walks, shape, ranks):
    inputs, hidden, classes = shape
    model = random_model(3, inputs, hidden, classes, w_rank=ranks[0], u_rank=ranks[1])
    counts = walks(30, steps=20, channels=inputs)
    expected = float_logits(model, counts)
    for name, content in convert(model).files.items():
        limit = 1e-4 if "f32" in name else 0.03
        assert np.abs(run_tflite(content, counts).logits - expected).max() <= limit * max(expected.std(), 0.1)


def details(content: bytes) -> dict:
    interpreter = Interpreter(model_content=content)
    found = [*interpreter.get_input_details(), *interpreter.get_output_details()]
    return {item["name"]: item for item in found}


def test_the_state_has_one_scale_and_no_zero_point(files):
    tensors = details(files[INT16X8])
    states = [tensors["state_in"], tensors["state_out"]]
    assert [item["quantization"] for item in states] == [(pytest.approx(1 / STATE_LIMIT), 0)] * 2
    assert states[0]["quantization"] == states[1]["quantization"]
    assert {item["dtype"] for item in tensors.values()} == {np.int16}
    assert tensors["counts"]["quantization"] == (1.0, 0)


@pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`")
def test_int16_input_is_the_references_int8_input(full_rank_network, walks):
    """Only values next to a tie may differ, by one unit: the gain of the file has 16 bits."""
    counts = walks(500, steps=1)
    interpreter = Interpreter(
        model_content=convert(full_rank_network).files[INT16X8], experimental_preserve_all_tensors=True
    )
    tensors = {item["name"]: item["index"] for item in interpreter.get_tensor_details()}
    interpreter.resize_tensor_input(tensors["counts"], [500, 3])
    interpreter.resize_tensor_input(
        tensors["state_in"], [500, full_rank_network.node("rnn").operator.hidden_size]
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(tensors["counts"], counts[:, 0].copy())
    interpreter.invoke()
    expected = quantize_counts(full_rank_network.node("sensor").operator, counts[:, 0]).astype(int)
    difference = np.abs(interpreter.get_tensor(tensors["x"]) - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01
    assert np.abs(expected).max() > 20


def test_int16_state_is_the_references_own_unit(full_rank_network, walks):
    """The integers may be copied between the C code and this file: they differ by rounding only."""
    counts = walks(40, steps=30)
    obtained = run_tflite(convert(full_rank_network).files[INT16X8], counts).state.astype(int)
    expected = run(full_rank_network, counts).states["state"].astype(int)
    assert np.sqrt(np.mean((obtained - expected) ** 2)) < 0.01 * STATE_LIMIT
    assert np.abs(expected).max() > 0.3 * STATE_LIMIT


def test_the_state_saturates_where_the_reference_does():
    model = random_model(2, inputs=3, hidden=12)
    counts = np.full((2, 200, 3), 32767, np.int16)
    counts[1] = -32768
    expected = np.abs(run(model, counts).states["state"])
    assert expected.max() == STATE_LIMIT
    for name, content in convert(model).files.items():
        full_scale = 1.0 if "f32" in name else STATE_LIMIT
        obtained = np.abs(run_tflite(content, counts).state)
        assert obtained.max() == full_scale
        np.testing.assert_array_equal((obtained == full_scale), (expected == STATE_LIMIT))


def test_windows_do_not_influence_each_other(files, walks):
    counts = walks(5)
    for content in files.values():
        together = run_tflite(content, counts)
        alone = np.concatenate([run_tflite(content, counts[i : i + 1]).logits for i in range(5)])
        np.testing.assert_allclose(together.logits, alone, rtol=0, atol=1e-6)


def test_running_a_window_equals_invoking_the_signature_step_by_step(files, walks):
    counts = walks(1, steps=12)
    for content in files.values():
        interpreter = Interpreter(model_content=content)
        step = interpreter.get_signature_runner("step")
        state_in = step.get_input_details()["state_in"]
        state = np.zeros(state_in["shape"], state_in["dtype"])
        for row in counts[0]:
            answer = step(counts=row[None].copy(), state_in=state)
            state = answer["state_out"]
        np.testing.assert_array_equal(state, run_tflite(content, counts).state)


def parsed(content: bytes) -> schema.Model:
    return schema.Model.GetRootAs(content, 0)


def test_buffers_lie_inside_the_file_and_are_aligned(files):
    for content in files.values():
        model = parsed(content)
        seen = 0
        for index in range(model.BuffersLength()):
            buffer = model.Buffers(index)
            assert (buffer.Offset(), buffer.Size()) == (0, 0)
            if buffer.DataLength():
                vector = buffer._tab.Vector(buffer._tab.Offset(4))
                assert vector % 16 == 0
                seen += 1
        assert seen == model.BuffersLength() - 1
        assert model.Buffers(0).DataLength() == 0
        assert schema.Model.ModelBufferHasIdentifier(content, 0)


def test_weights_are_stored_as_they_are_packed(network, files):
    model = parsed(files[INT16X8])
    tensors = {
        t.Name().decode(): t
        for t in map(model.Subgraphs(0).Tensors, range(model.Subgraphs(0).TensorsLength()))
    }
    for tensor in network.tensors():
        stored = tensors[tensor.name]
        content = model.Buffers(stored.Buffer()).DataAsNumpy().view(np.int8)
        np.testing.assert_array_equal(content.reshape(stored.ShapeAsNumpy()), tensor.decode())
        assert stored.Quantization().ZeroPoint(0) == 0
        assert stored.Sparsity() is None


def test_metadata_names_the_origin(network, files):
    for content in files.values():
        model = parsed(content)
        entries = {
            model.Metadata(i).Name().decode(): model.Metadata(i).Buffer()
            for i in range(model.MetadataLength())
        }
        facts = json.loads(model.Buffers(entries[METADATA_NAME]).DataAsNumpy().tobytes())
        assert facts["synthetic"] == "yes"
        assert facts["nnz"] == str(network.nnz)
        assert facts["provenance.data"] == "random"


INT16X8_OPERATORS = [
    ("SUB", 5), ("MUL", 4), ("FULLY_CONNECTED", 7), ("FULLY_CONNECTED", 7), ("ADD", 3), ("ADD", 3), ("LOGISTIC", 3),
    ("ADD", 3), ("TANH", 3), ("MUL", 4), ("MUL", 4), ("SUB", 5), ("MUL", 4), ("ADD", 3), ("FULLY_CONNECTED", 7),
]  # fmt: skip


def test_conversion_is_deterministic_and_has_the_expected_operators(full_rank_network):
    first, second = convert(full_rank_network), convert(full_rank_network)
    assert first.files == second.files
    assert (first.entry_point, first.file_bytes) == (INT16X8, len(first.files[INT16X8]))
    model = parsed(first.files[INT16X8])
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if name.isupper()}
    operators = map(model.Subgraphs(0).Operators, range(model.Subgraphs(0).OperatorsLength()))
    codes = [model.OperatorCodes(operator.OpcodeIndex()) for operator in operators]
    assert [(names[code.BuiltinCode()], code.Version()) for code in codes] == INT16X8_OPERATORS


@pytest.mark.parametrize(
    ("encoding", "reason"),
    [("block-sparse", "silently wrong"), ("sparse", "microcontrollers"), ("zip", "unknown")],
)
def test_encodings_that_do_not_run_are_refused(full_rank_network, encoding, reason):
    with pytest.raises(UnsupportedError, match=reason):
        convert_stream(full_rank_network, weight_encoding=encoding)


def test_other_counts_are_refused(files, walks):
    with pytest.raises(DataError, match=r"int16 counts \[windows, steps, 3\], got int32 \(2, 40, 3\)"):
        run_tflite(files[F32], walks(2).astype(np.int32))
    with pytest.raises(DataError, match=r"got int16 \(2, 0, 3\)"):
        run_tflite(files[F32], walks(2, steps=0))


def test_files_of_another_kind_are_refused(files, walks):
    with pytest.raises(FileFormatError, match="refused the TFLite model"):
        run_tflite(files[F32][:400], walks(2))
    with pytest.raises(FileFormatError, match="refused the TFLite model"):
        run_tflite(b"not a model", walks(2))
