"""ONNX models follow the reference: the exact ones to the bit, the float ones as the dequantised network does."""

from collections import Counter

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.to_onnx.convert import convert
from converters.to_onnx.run import open_session, run_onnx
from tests.graph_edits import with_fields
from tinygmp.data.samples import Samples
from tinygmp.errors import DataError, FileFormatError, RangeError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.fastgrnn import STATE_LIMIT, LowRank, largest_sum
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.run import run, run_steps
from tinygmp.graph.window_chain import chain_of
from tinygmp.sparse import encode
from tinygmp.verify.forms import forms_of
from tinygmp.verify.judge import judge


def float_network(model: PackedModel, counts: np.ndarray) -> np.ndarray:
    """Logits of the dequantised network, float64, written from the scales that the records state."""
    chain = chain_of(model)
    sensor, cell, classifier = chain.input, chain.cell, chain.classifier

    def product(linear, vector, vector_scale):
        if not isinstance(linear, LowRank):
            return vector @ (linear.decode() * linear.scale).T
        inner_limit = chain.cell.vector_limit * linear.first.scale * vector_scale / linear.requantizer.factor
        inner = np.clip(vector @ (linear.first.decode() * linear.first.scale).T, -inner_limit, inner_limit)
        return inner @ (linear.second.decode() * linear.second.scale).T

    limit = chain.cell.vector_limit * chain.input_scale
    units = (counts - sensor.offset.astype(float)) * sensor.multiplier / 2.0**sensor.shift
    x = np.clip(np.rint(units) * chain.input_scale, -limit, limit)
    zeta = cell.zeta * 2.0**-cell.zeta_shift * 1024 * chain.state_scale
    nu = cell.nu * 2 * chain.state_scale
    h = np.zeros((len(counts), cell.hidden_size))
    for step in range(counts.shape[1]):
        state_scale = chain.state_scale * (1 if cell.wide else 256)
        pre = product(cell.w, x[:, step], chain.input_scale) + product(cell.u, h, state_scale)
        z = 1 / (1 + np.exp(-(pre + cell.bias_gate * 2.0 ** (cell.bias_gate_shift - 11))))
        c = np.tanh(pre + cell.bias_update * 2.0 ** (cell.bias_update_shift - 11))
        h = np.clip(
            z * h + (zeta * (1 - z) + nu) * c,
            -STATE_LIMIT * chain.state_scale,
            STATE_LIMIT * chain.state_scale,
        )
    weights = classifier.weights.decode() * classifier.weights.scale
    return h @ weights.T + classifier.bias * chain.logit_scale


@pytest.fixture(scope="module")
def files(network):
    return convert(network).files


def test_float_window_is_the_dequantised_network(network, files, walks):
    counts = walks(50)
    expected = float_network(network, counts)
    obtained = run_onnx(files["tiny.onnx"], counts)
    assert np.abs(obtained.logits - expected).max() < 2e-3 * expected.std()
    np.testing.assert_array_equal(obtained.classes, obtained.logits.argmax(axis=1))


def test_every_form_agrees_with_the_reference_within_its_tolerance(network, files, walks):
    expected = judge(network, Samples("walks", True, (walks(200, steps=128),)))
    forms = forms_of(network, "onnx")
    assert {f"tiny{form.ending}" for form in forms} == set(files)
    for form in forms:
        found = expected.form(form, files[f"tiny{form.ending}"])
        assert found.agrees, found


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    inputs=st.integers(1, 9),
    hidden=st.integers(1, 40),
    classes=st.integers(1, 5),
    w_rank=st.integers(0, 3),
    u_rank=st.integers(0, 8),
)
def test_exact_window_equals_the_reference_to_the_bit(seed, inputs, hidden, classes, w_rank, u_rank):
    model = random_model(seed, inputs, hidden, classes, w_rank=w_rank, u_rank=u_rank)
    counts = np.random.default_rng(seed).integers(-32768, 32768, (7, 9, inputs)).astype(np.int16)
    expected = run(model, counts)
    obtained = run_onnx(convert(model).files[f"random{seed}_exact.onnx"], counts)
    np.testing.assert_array_equal(obtained.logits_int32, expected.logits)
    np.testing.assert_array_equal(obtained.classes, expected.classes)


def test_exact_step_carries_the_state_of_the_reference(network, files, walks):
    counts = walks(5, steps=30)
    session = open_session(files["tiny_exact_step.onnx"], threads=1)
    state = np.zeros((5, network.node("rnn").operator.hidden_size), np.int16)
    for step, expected in enumerate(run_steps(network, counts)):
        (state,) = session.run(["state_out"], {"counts": counts[:, step].copy(), "state_in": state})
        np.testing.assert_array_equal(state, expected["next_state"])
    assert np.abs(state).max() > 1000


@pytest.mark.parametrize("index_format", ["dense", "bitmask", "csr8", "relative4", "rice"])
def test_any_storage_format_gives_the_same_answers(walks, index_format):
    counts = walks(3, steps=5, channels=9)
    expected = run(random_model(0, hidden=24), counts).logits
    model = random_model(0, hidden=24, index_format=index_format)
    obtained = run_onnx(convert(model).files["random0_exact.onnx"], counts)
    np.testing.assert_array_equal(obtained.logits_int32, expected)


def test_exact_gates_saturate_and_change_sign_where_the_reference_does():
    """Biases from nothing to far beyond the 16-bit pre-activation, of both signs."""
    for bias in (-127, -64, -1, 0, 1, 63, 127):
        for shift in (0, 5, 8):
            model = random_model(5, inputs=1, hidden=3, classes=2)
            biases = np.array([bias, -bias, 0], np.int8)
            model = with_fields(
                model,
                "rnn",
                bias_gate=biases,
                bias_gate_shift=shift,
                bias_update=biases,
                bias_update_shift=shift,
            )
            counts = np.random.default_rng(bias + 200).integers(-32768, 32768, (4, 6, 1)).astype(np.int16)
            obtained = run_onnx(convert(model).files["random5_exact_step.onnx"], counts)
            np.testing.assert_array_equal(obtained.logits_int32, run(model, counts).logits)


def test_exact_holds_where_float32_sums_would_round():
    """1,100 weights of 127 on a saturated state sum to more than 2**24."""
    model = random_model(1, inputs=2, hidden=1100, classes=2)
    full = np.full((1100, 1100), 127, np.int8)
    full[::2, ::3] = -126
    model = with_fields(model, "rnn", u=encode("rnn.U", full, 1 / 64, "dense"), u_shift=0)
    assert largest_sum(model.node("rnn").operator.u) > 2**24
    counts = np.random.default_rng(0).integers(-32768, 32768, (3, 4, 2)).astype(np.int16)
    obtained = run_onnx(convert(model).files["random1_exact.onnx"], counts)
    np.testing.assert_array_equal(obtained.logits_int32, run(model, counts).logits)


@pytest.mark.parametrize("kind", ["", "_exact"])
def test_window_equals_the_step_in_a_loop(files, walks, kind):
    counts = walks(6)
    window, steps = (
        run_onnx(files[f"tiny{kind}.onnx"], counts),
        run_onnx(files[f"tiny{kind}_step.onnx"], counts),
    )
    np.testing.assert_allclose(window.logits, steps.logits, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(window.classes, steps.classes)


def test_windows_do_not_influence_each_other(files, walks):
    counts = walks(4)
    together = run_onnx(files["tiny_exact.onnx"], counts).logits_int32
    alone = [run_onnx(files["tiny_exact.onnx"], counts[i : i + 1]).logits_int32[0] for i in range(4)]
    np.testing.assert_array_equal(together, alone)


def test_no_windows_give_no_answers(files, walks):
    assert run_onnx(files["tiny_exact.onnx"], walks(0)).logits.shape == (0, 2)


def test_files_state_shapes_versions_and_origin(network, files):
    for content in files.values():
        model = onnx.load_from_string(content)
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, check_type=True)
        assert (model.ir_version, model.opset_import[0].version) == (8, 17)
        props = {prop.key: prop.value for prop in model.metadata_props}
        assert props["synthetic"] == "yes"
        assert props["nnz"] == str(network.nnz)
        logits = next(item for item in inferred.graph.output if item.name == "logits")
        assert [d.dim_param or d.dim_value for d in logits.type.tensor_type.shape.dim] == ["batch", 2]


def test_conversion_is_deterministic_and_the_step_has_the_expected_nodes(full_rank_network):
    first, second = convert(full_rank_network), convert(full_rank_network)
    assert first.files == second.files
    assert first.entry_point == "tiny.onnx"
    step = onnx.load_from_string(first.files["tiny_step.onnx"])
    assert Counter(node.op_type for node in step.graph.node) == {
        "Cast": 3, "Sub": 2, "Mul": 5, "Round": 1, "Clip": 2, "MatMul": 2, "Add": 4,
        "Sigmoid": 1, "Tanh": 1, "Gemm": 1, "ArgMax": 1,
    }  # fmt: skip
    window = onnx.load_from_string(first.files["tiny.onnx"])
    assert [node.op_type for node in window.graph.node].count("Scan") == 1


def test_exact_files_store_weights_as_int8(full_rank_network):
    exact = onnx.load_from_string(convert(full_rank_network).files["tiny_exact.onnx"])
    kinds = {
        item.name: item.data_type for item in exact.graph.initializer if item.name.endswith(".transposed")
    }
    assert kinds == {
        f"{tensor.name}.transposed": onnx.TensorProto.INT8 for tensor in full_rank_network.tensors()
    }


def test_other_counts_are_refused(files, walks):
    with pytest.raises(DataError, match=r"int16 counts \[windows, steps, 3\], got float32 \(2, 40, 3\)"):
        run_onnx(files["tiny.onnx"], walks(2).astype(np.float32))
    with pytest.raises(DataError, match=r"got int16 \(2, 40, 4\)"):
        run_onnx(files["tiny_step.onnx"], walks(2, channels=4))


def test_a_truncated_file_is_refused(files, walks):
    with pytest.raises(FileFormatError, match="refused the ONNX model"):
        run_onnx(files["tiny.onnx"][:500], walks(2))


def test_an_accumulator_that_could_overflow_is_refused():
    model = random_model(1, hidden=300, u_kept=1.0)
    with pytest.raises(RangeError, match=r"'rnn\.pre'"):
        with_fields(model, "rnn", u_shift=15)
