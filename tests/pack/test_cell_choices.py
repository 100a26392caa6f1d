"""Calibration, bias correction and bit widths: each choice does what it says, and what it costs is measured."""

import numpy as np
import pytest

from tests.floats.chains import sparse
from tinygmp.errors import ConfigError, FormatError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.floats.window_classifier import window_classifier, with_sensor
from tinygmp.graph.ledger import ledger
from tinygmp.pack import packer
from tinygmp.pack.cell_ranges import run_cell
from tinygmp.pack.cell_search import logit_error
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.settings import MINIMAL_ERROR, Calibration, PackSettings
from tinygmp.pack.storage import SMALLEST, Storage, Width
from tinygmp.pack.width_budget import choose_widths, pack_within

IDENTITY = PackIdentity("tiny", ("left", "right"), {})
SCALING = SensorScaling(("a", "b", "c"), ("g",) * 3, (1000.0,) * 3, np.zeros(3), np.ones(3))


def network(low_rank: bool = False, seed: int = 0) -> FloatGraph:
    rng = np.random.default_rng(seed)

    def random(*shape: int) -> np.ndarray:
        return sparse(rng, shape, 0.5, 0.25)

    cell = FastGrnn(
        w=(random(3, 3), random(24, 3)) if low_rank else (random(24, 3),),
        u=(random(8, 24), random(24, 8)) if low_rank else (random(24, 24),),
        bias_gate=rng.normal(1, 0.2, 24).astype(np.float32),
        bias_update=rng.normal(0, 0.2, 24).astype(np.float32),
        zeta=0.8,
        nu=0.03,
    )
    matrix = rng.normal(0, 0.5, (2, 24)).astype(np.float32)
    classifier = FullyConnected(matrix, np.array([0.1, -0.1], np.float32))
    return with_sensor(window_classifier(cell, classifier), SCALING)


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.clip(np.cumsum(rng.normal(0, 250, (60, 30, 3)), axis=1), -32768, 32767).astype(np.int16)


def error(model, graph, counts) -> float:
    return logit_error(model, [counts], run_cell(graph, [counts]))


def pack(graph, counts, storage=SMALLEST, calibration=MINIMAL_ERROR):
    return packer.pack(graph, counts, IDENTITY, PackSettings(storage, calibration))


@pytest.mark.parametrize("low_rank", [False, True])
def test_the_search_errs_no_more_than_the_other_calibrations_with_its_ranges(counts, low_rank):
    weights = network(low_rank)
    errors = {
        method: error(pack(weights, counts, SMALLEST, Calibration(method)), weights, counts)
        for method in ("minmax", "percentile", "mse")
    }
    spread = weights.logits(counts).var()
    assert errors["mse"] <= min(errors.values()) * 1.05
    assert max(errors.values()) < 0.05 * spread


def test_percentile_covers_that_share_of_the_magnitudes(counts):
    x = counts / 1000
    whole, most = run_cell(network(), [counts]).ranges, run_cell(network(), [counts], 99.0).ranges
    assert whole.input == pytest.approx(np.abs(x).max())
    assert most.input == pytest.approx(np.percentile(np.abs(x), 99), rel=1e-5)
    assert most.state < whole.state
    assert whole.u_rank_vector == 0


@pytest.mark.parametrize("value_format", ["int4", "ternary"])
def test_bias_correction_lowers_the_error_of_coarse_weights(counts, value_format):
    weights = network()
    storage = Storage(widths={"rnn.U": Width(value_format), "rnn.W": Width(value_format)})
    plain = error(pack(weights, counts, storage), weights, counts)
    corrected = error(pack(weights, counts, storage, Calibration(bias_correction=True)), weights, counts)
    assert corrected < plain


def test_matrices_are_rounded_to_their_widths_with_a_given_step(counts):
    weights = network()
    model = pack(weights, counts, Storage(widths={"rnn.U": Width("int4", 0.25), "rnn.W": Width("power2")}))
    formats = {tensor.name: tensor.value_format for tensor in model.tensors()}
    assert formats == {"rnn.W": "power2", "rnn.U": "int4", "classifier.weights": "int8"}
    u = next(tensor for tensor in model.tensors() if tensor.name == "rnn.U")
    assert u.scale == 0.25
    matrix = np.abs(weights.prunable()["rnn.U"])
    kept = matrix >= matrix.max() / 254  # smaller ones are 0 in int8 already
    assert u.nnz == np.count_nonzero(kept)


@pytest.mark.parametrize("low_rank", [False, True])
@pytest.mark.parametrize("share", [0.9, 0.75, 0.65])
def test_budget_is_kept_and_the_harmless_matrices_are_the_coarse_ones(counts, low_rank, share):
    weights = network(low_rank)
    whole = ledger(pack(weights, counts)).payload_bytes
    model = pack_within(weights, counts, IDENTITY, int(share * whole))
    assert ledger(model).payload_bytes <= int(share * whole)
    narrow = {tensor.name for tensor in model.tensors() if tensor.value_format != "int8"}
    assert narrow
    coarse = pack(weights, counts, Storage(widths=dict.fromkeys(weights.prunable(), Width("codebook4"))))
    assert error(model, weights, counts) < error(coarse, weights, counts)


def test_a_budget_that_holds_int8_changes_nothing_and_one_below_everything_is_refused(counts):
    weights = network()
    whole = ledger(pack(weights, counts)).payload_bytes
    model = pack_within(weights, counts, IDENTITY, whole)
    assert {tensor.value_format for tensor in model.tensors()} == {"int8"}
    with pytest.raises(ConfigError, match="alone need"):
        pack_within(weights, counts, IDENTITY, 50)
    with pytest.raises(ConfigError, match="prune further"):
        choose_widths(weights, counts, 20)


def test_a_matrix_without_effect_is_made_coarse_first(counts):
    weights = network()
    silent = weights.with_weights({"rnn.W": weights.prunable()["rnn.W"] * 1e-4})
    streams = SMALLEST.pack_all(silent.prunable())
    widths = choose_widths(silent, counts, sum(t.payload_bytes for t in streams.values()) - 12)
    assert set(widths) == {"rnn.W"}


def test_unknown_choices_are_refused(counts):
    with pytest.raises(ConfigError, match="'median' is unknown"):
        Calibration("median")
    with pytest.raises(ConfigError, match=r"outside 90\.\.100"):
        Calibration("percentile", 50)
    with pytest.raises(ConfigError, match="no matrix"):
        pack(network(), counts, Storage(widths={"rnn.V": Width("int4")}))
    with pytest.raises(FormatError, match="must be positive"):
        pack(network(), counts, Storage(widths={"rnn.U": Width("int4", -1.0)}))
