"""Calibration, bias correction and bit widths: each choice does what it says, and what it costs is measured."""

from dataclasses import replace

import numpy as np
import pytest

from tinygmp.errors import ConfigError, FormatError
from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.pack.calibrate import MINIMAL_ERROR, Calibration, run_float
from tinygmp.pack.fastgrnn import PackIdentity, logit_error, pack_fastgrnn
from tinygmp.pack.mixed import choose_widths, pack_within
from tinygmp.pack.sensor import SensorScaling, normalise_counts
from tinygmp.pack.storage import SMALLEST, Storage, Width
from tinygmp.packed.sizes import ledger

IDENTITY = PackIdentity("tiny", ("left", "right"), {})
SCALING = SensorScaling(("a", "b", "c"), ("g",) * 3, (1000.0,) * 3, np.zeros(3), np.ones(3))


def network(low_rank: bool = False, seed: int = 0) -> FastGrnnWeights:
    rng = np.random.default_rng(seed)

    def sparse(*shape):
        return (rng.normal(0, 0.25, shape) * (rng.random(shape) < 0.5)).astype(np.float32)

    return FastGrnnWeights(
        w=(sparse(3, 3), sparse(24, 3)) if low_rank else (sparse(24, 3),),
        u=(sparse(8, 24), sparse(24, 8)) if low_rank else (sparse(24, 24),),
        bias_gate=rng.normal(1, 0.2, 24).astype(np.float32),
        bias_update=rng.normal(0, 0.2, 24).astype(np.float32),
        zeta=0.8,
        nu=0.03,
        classifier=rng.normal(0, 0.5, (2, 24)).astype(np.float32),
        classifier_bias=np.array([0.1, -0.1], np.float32),
    )


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.clip(np.cumsum(rng.normal(0, 250, (60, 30, 3)), axis=1), -32768, 32767).astype(np.int16)


def error(model, weights, counts) -> float:
    return logit_error(model, counts, run_float(weights, normalise_counts(SCALING, counts)))


@pytest.mark.parametrize("low_rank", [False, True])
def test_the_search_errs_no_more_than_the_other_calibrations_with_its_ranges(counts, low_rank):
    weights = network(low_rank)
    errors = {
        method: error(pack(weights, counts, SMALLEST, Calibration(method)), weights, counts)
        for method in ("minmax", "percentile", "mse")
    }
    spread = run_float(weights, normalise_counts(SCALING, counts)).logits.var()
    assert errors["mse"] <= min(errors.values()) * 1.05
    assert max(errors.values()) < 0.05 * spread


def pack(weights, counts, storage=SMALLEST, calibration=MINIMAL_ERROR):
    return pack_fastgrnn(weights, SCALING, counts, IDENTITY, storage, calibration)


def test_percentile_covers_that_share_of_the_magnitudes(counts):
    x = normalise_counts(SCALING, counts)
    whole, most = run_float(network(), x).ranges, run_float(network(), x, 99.0).ranges
    assert whole.input == pytest.approx(np.abs(x).max())
    assert most.input == pytest.approx(np.percentile(np.abs(x), 99), rel=1e-5)
    assert most.state < whole.state
    assert whole.u_rank_vector == 0


@pytest.mark.parametrize("value_format", ["int4", "ternary"])
def test_bias_correction_lowers_the_error_of_coarse_weights(counts, value_format):
    weights = network()
    storage = Storage(widths={"U": Width(value_format), "W": Width(value_format)})
    plain = error(pack(weights, counts, storage), weights, counts)
    corrected = error(pack(weights, counts, storage, Calibration(bias_correction=True)), weights, counts)
    assert corrected < plain


def test_matrices_are_rounded_to_their_widths_with_a_given_step(counts):
    weights = network()
    model = pack(weights, counts, Storage(widths={"U": Width("int4", 0.25), "W": Width("power2")}))
    formats = {tensor.name: tensor.value_format for tensor in model.tensors()}
    assert formats == {"rnn.W": "power2", "rnn.U": "int4", "classifier.weights": "int8"}
    u = next(tensor for tensor in model.tensors() if tensor.name == "rnn.U")
    assert u.scale == 0.25
    kept = np.abs(weights.u[0]) >= np.abs(weights.u[0]).max() / 254  # smaller ones are 0 in int8 already
    assert u.nnz == np.count_nonzero(kept)


@pytest.mark.parametrize("low_rank", [False, True])
@pytest.mark.parametrize("share", [0.9, 0.75, 0.65])
def test_budget_is_kept_and_the_harmless_matrices_are_the_coarse_ones(counts, low_rank, share):
    weights = network(low_rank)
    whole = ledger(pack(weights, counts)).payload_bytes
    model = pack_within(weights, SCALING, counts, IDENTITY, int(share * whole))
    assert ledger(model).payload_bytes <= int(share * whole)
    narrow = {tensor.name for tensor in model.tensors() if tensor.value_format != "int8"}
    assert narrow
    coarse = pack(weights, counts, Storage(widths=dict.fromkeys(weights.matrices(), Width("codebook4"))))
    assert error(model, weights, counts) < error(coarse, weights, counts)


def test_a_budget_that_holds_int8_changes_nothing_and_one_below_everything_is_refused(counts):
    weights = network()
    whole = ledger(pack(weights, counts)).payload_bytes
    model = pack_within(weights, SCALING, counts, IDENTITY, whole)
    assert {tensor.value_format for tensor in model.tensors()} == {"int8"}
    with pytest.raises(ConfigError, match="alone need"):
        pack_within(weights, SCALING, counts, IDENTITY, 50)
    with pytest.raises(ConfigError, match="prune further"):
        choose_widths(weights, normalise_counts(SCALING, counts), 20)


def test_a_matrix_without_effect_is_made_coarse_first(counts):
    weights = network()
    silent = replace(weights, w=(weights.w[0] * 1e-4,))
    x = normalise_counts(SCALING, counts)
    streams = SMALLEST.pack_matrices(silent)
    widths = choose_widths(silent, x, sum(t.payload_bytes for t in streams.values()) - 12)
    assert set(widths) == {"W"}


def test_unknown_choices_are_refused(counts):
    with pytest.raises(ConfigError, match="'median' is unknown"):
        Calibration("median")
    with pytest.raises(ConfigError, match=r"outside 90\.\.100"):
        Calibration("percentile", 50)
    with pytest.raises(ConfigError, match="no matrix"):
        pack(network(), counts, Storage(widths={"V": Width("int4")}))
    with pytest.raises(FormatError, match="must be positive"):
        pack(network(), counts, Storage(widths={"U": Width("int4", -1.0)}))
