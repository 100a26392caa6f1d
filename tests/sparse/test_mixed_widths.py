"""Bit widths under a byte budget: the best choice is found, and the budget kept."""

from itertools import product

import numpy as np
import pytest

from tinygmp.errors import ConfigError
from tinygmp.sparse import encode
from tinygmp.sparse import mixed_widths as module
from tinygmp.sparse.mixed_widths import Option, mixed_widths
from tinygmp.sparse.narrow import narrow

WIDTHS = ("int8", "codebook16", "int4", "codebook4", "ternary")


def options_of(seed: int, sensitivity: float) -> list[Option]:
    """Weights of random size whose squared error costs `sensitivity` each."""
    rng = np.random.default_rng(seed)
    weights = rng.laplace(size=(rng.integers(10, 40), 20))
    weights[np.abs(weights) < 1] = 0
    options = []
    for width in WIDTHS:
        q, scale = narrow(weights, width)
        loss = sensitivity * float(((q * scale - weights) ** 2).sum())
        options.append(Option(encode(str(seed), q, scale, "rice", width), loss))
    return options


@pytest.fixture(scope="module")
def options():
    return {str(seed): options_of(seed, sensitivity) for seed, sensitivity in enumerate((1, 0.1, 20, 3))}


@pytest.mark.parametrize("share", [1.0, 0.8, 0.6, 0.45, 0.36])
def test_no_other_choice_is_better(options, share):
    budget = int(share * sum(each[0].tensor.payload_bytes for each in options.values()))
    fitting = [
        sum(option.loss for option in choice)
        for choice in product(*options.values())
        if sum(option.tensor.payload_bytes for option in choice) <= budget
    ]
    chosen = mixed_widths(options, budget)
    assert sum(tensor.payload_bytes for tensor in chosen.values()) <= budget
    loss = sum(option.loss for name in options for option in options[name] if option.tensor is chosen[name])
    assert loss == pytest.approx(min(fitting))


def test_the_sensitive_tensor_stays_fine(options):
    budget = int(0.6 * sum(each[0].tensor.payload_bytes for each in options.values()))
    chosen = mixed_widths(options, budget)
    assert chosen["2"].value_bits >= chosen["1"].value_bits


def test_thinned_states_keep_the_budget(options, monkeypatch):
    monkeypatch.setattr(module, "MOST_STATES", 3)
    least = sum(min(option.tensor.payload_bytes for option in each) for each in options.values())
    for budget in (least, least + 50, 2 * least):
        assert sum(tensor.payload_bytes for tensor in mixed_widths(options, budget).values()) <= budget


def test_a_budget_below_the_smallest_is_refused(options):
    least = sum(min(option.tensor.payload_bytes for option in each) for each in options.values())
    with pytest.raises(ConfigError, match=f"need {least} B, the budget is {least - 1}"):
        mixed_widths(options, least - 1)
