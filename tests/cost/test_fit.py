"""Coefficients come back from counts that were made of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygmp.cost.fit import Counted, boundary, fit_kernels, non_negative
from tinygmp.cost.model import CostModel, Kernel
from tinygmp.cost.work import Work


def layer(positions: int, outputs: int, inputs: int, nonzero: int, storage: str = "rice") -> Work:
    return Work(
        "conv2d", (1, positions, inputs), (1, positions, outputs), weights=(outputs, inputs), nonzero=nonzero,
        storage=storage,
    )  # fmt: skip


def counted(work: Work) -> Counted:
    """Two instructions a product, 7 an output, 20 a survivor read, and 100 for all the rest."""
    count = 2 * work.multiply_adds_kept + 7 * work.positions * work.weights[0] + 20 * work.nonzero + 100
    return Counted((work,), float(count), ("f",))


def random_layers(count: int, seed: int) -> list[Work]:
    rng = np.random.default_rng(seed)
    sizes = rng.integers((4, 2, 2), (200, 40, 40), (count, 3))
    return [layer(*map(int, row), int(rng.integers(1, row[1] * row[2]))) for row in sizes]


def test_other_layers_are_told_by_what_was_fitted():
    kernels = fit_kernels([counted(work) for work in random_layers(60, 0)])
    model = CostModel("core", "instructions", "cc", "smallest", kernels, 0.0, 0.0)
    for work in random_layers(20, 1):
        assert model.predict(work).instructions == pytest.approx(counted(work).count, rel=0.03)
    work = layer(100, 8, 8, 32)
    assert model.per_weight(work) == pytest.approx(2 * 100 + 20, rel=0.1)
    assert model.predict(layer(100, 4, 40, 160)).bound_by == "products"


def test_denser_weights_may_have_functions_of_their_own():
    sparse = [Counted((layer(50, 8, 8, each),), 100.0 * each, ("list",)) for each in range(2, 28, 2)]
    dense = [Counted((layer(50, 8, 8, each),), 5000.0, ("tg_survivors_expand",)) for each in range(32, 64, 2)]
    low, high = fit_kernels([*sparse, *dense])["pointwise, sparse"]
    assert 26 / 64 < low.below_density < 32 / 64
    assert (low.functions, high.functions) == (("list",), ("tg_survivors_expand",))


def test_a_format_that_was_not_fitted_takes_what_the_slowest_does():
    fitted = {"decoding: rice, survivor": 30.0, "decoding: csr8, survivor": 9.0, "decoding: csr8, row": 4.0,
              "scaling: output, fp32": 8.0}  # fmt: skip
    kernel = Kernel(2.0, (), fitted)
    assert kernel.coefficient("decoding: csr16, survivor") == 30
    assert kernel.coefficient("decoding: csr16, row") == 4
    assert kernel.coefficient("decoding: rice, row") == 0  # fitted, and nothing was left for it
    assert kernel.coefficient("scaling: output, fp32, far") == 8
    assert kernel.coefficient("products: one") == 0


def test_a_boundary_makes_the_fewest_mistakes():
    assert boundary([0.1, 0.2, 0.7], [0.3, 0.8, 0.9]) == pytest.approx(0.25)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_step_along_a_coefficient_makes_the_error_less(seed):
    rng = np.random.default_rng(seed)
    matrix, target = rng.normal(size=(12, 5)), rng.normal(size=12)
    found = non_negative(matrix, target)
    gradient = matrix.T @ (target - matrix @ found)
    assert found.min() >= 0
    assert np.all(gradient[found == 0] <= 1e-6)
    assert np.allclose(gradient[found > 0], 0, atol=1e-6)
