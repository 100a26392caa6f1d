"""The float equations that back ends share, and the table of tolerances."""

import numpy as np
import pytest

from converters.agreement import Agreement, Tolerance, compare
from converters.metadata import describe
from converters.real_model import real_cell, real_ends
from tinygmp.errors import DataError
from tinygmp.graph.operators.fastgrnn import STATE_LIMIT
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.run import run
from tinygmp.graph.window_chain import chain_of

TIGHT = Tolerance(0.0, 1e-6)


def test_matrices_are_the_stored_integers_times_their_real_scale(network):
    """Fractions of full scale, put back into real units, are scale * q of every packed tensor."""
    chain = chain_of(network)
    ends, real, cell = real_ends(chain), real_cell(chain.cell), chain.cell
    state_full_scale = STATE_LIMIT * chain.state_scale
    classifier = chain.classifier.weights
    np.testing.assert_allclose(
        ends.classifier.float32 / state_full_scale, classifier.decode() * classifier.scale, rtol=1e-4
    )
    for matrices, linear, full_scale in (
        (real.w, cell.w, cell.vector_limit * chain.input_scale),
        (real.u, cell.u, state_full_scale),
    ):
        tensors = (linear,) if len(matrices) == 1 else (linear.first, linear.second)
        obtained = expected = np.eye(tensors[0].shape[1])
        for matrix, tensor in zip(matrices, tensors, strict=True):
            obtained = matrix.q.astype(float) * matrix.unit @ obtained
            expected = tensor.decode() * tensor.scale @ expected
        np.testing.assert_allclose(obtained / full_scale, expected, rtol=1e-3, atol=1e-6)


def test_gains_by_hand():
    model = random_model(0, inputs=2, hidden=4)
    chain = chain_of(model)
    ends, real, cell = real_ends(chain), real_cell(chain.cell), chain.cell
    assert real.nu == pytest.approx(cell.nu * 2 / 32512)
    assert real.zeta == pytest.approx(cell.zeta / 32 * 1024 / 32512)
    assert real.bias_gate[0] == int(cell.bias_gate[0]) * 32 / 2048
    assert ends.input_gain[1] == chain.input.multiplier[1] / 65536
    assert (ends.channels, real.hidden_size, ends.classes) == (2, 4, 2)


def test_metadata_counts_zeros_and_carries_provenance(network):
    facts = describe(chain_of(network))
    weights = sum(tensor.decode().size for tensor in network.tensors())
    nnz = sum(np.count_nonzero(tensor.decode()) for tensor in network.tensors())
    assert float(facts["sparsity"]) == pytest.approx(1 - nnz / weights, abs=1e-6)
    assert facts["synthetic"] == "yes"
    assert facts["provenance.seed"] == "4"
    assert facts["counts_per_unit"] == "[8192.0, 8192.0, 3754.9]"


def test_compare_counts_classes_and_measures_in_deviations(full_rank_network, walks):
    counts = walks(20)
    reference = run(full_rank_network, counts)
    logits = reference.logits * full_rank_network.output.scale
    assert compare("x", full_rank_network, counts, logits).within(Tolerance(0.0, 0.0))
    logits[3] += logits.std() * np.array([0.25, 0.25])
    moved = compare("x", full_rank_network, counts, logits)
    assert (moved.windows, moved.mismatches) == (20, 0)
    assert moved.worst_logit == pytest.approx(0.25, rel=0.05)
    swapped = compare("x", full_rank_network, counts, logits[:, ::-1])
    assert swapped.mismatches == 20
    assert not swapped.within(Tolerance(0.5, 100.0))


def test_a_fraction_of_a_window_counts_as_one():
    assert Agreement("x", 50, 1, 0.0, 0.0).within(Tolerance(0.01, 0.0))
    assert not Agreement("x", 50, 2, 0.0, 0.0).within(Tolerance(0.01, 0.0))
    assert not Agreement("x", 50, 1, 0.0, 0.0).within(TIGHT)
    assert not Agreement("x", 50, 0, 1e-5, 0.0).within(TIGHT)


def test_compare_refuses_logits_of_other_windows(full_rank_network, walks):
    with pytest.raises(DataError, match=r"shape \(3, 2\), the reference's have \(4, 2\)"):
        compare("x", full_rank_network, walks(4), np.zeros((3, 2)))
