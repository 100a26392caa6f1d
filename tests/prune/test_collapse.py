import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinygmp.prune.collapse import collapse_report, vanishing_sparsities
from tinygmp.prune.global_magnitude import global_magnitude_mask


def test_report_names_layer_sparsity_and_repair():
    weights = {"thin": np.full((3, 2), 0.01), "wide": np.arange(1.0, 95.0).reshape(47, 2)}
    report = collapse_report(weights, 0.88)
    assert [layer.name for layer in report.vanished] == ["thin"]
    assert report.vanished[0].vanishes_at == 0.06
    assert report.repair.weights == 3
    text = str(report)
    assert "layer 'thin' (6 weights) vanishes at sparsity 0.06000" in text
    assert "at least 3 weights per layer (3.0000% of all)" in text
    for repair in (report.repair, report.repair_share):
        assert not [n for n in global_magnitude_mask(weights, 0.88, repair).layer_nnz().values() if n == 0]


def test_repair_leaves_at_least_half_of_the_budget_to_the_ranking():
    weights = {"thin": np.full((3, 2), 0.01), "wide": np.arange(1.0, 95.0).reshape(47, 2)}
    assert collapse_report(weights, 0.9).repair.weights == 2
    report = collapse_report(weights, 0.99)
    assert report.repair is None
    assert "no minimum repairs it" in str(report)


def test_healthy_network_needs_no_repair():
    report = collapse_report({"a": np.arange(1.0, 11.0), "b": np.arange(1.0, 11.0)}, 0.5)
    assert report.repair is None
    assert report.repair_share is None
    assert "no layer vanishes at sparsity 0.5; the first would be 'b'" in str(report)


@given(st.integers(0, 1000), st.integers(2, 4))
def test_layer_is_empty_at_its_vanishing_sparsity_and_not_below(seed, layers):
    rng = np.random.default_rng(seed)
    weights = {f"l{i}": rng.integers(1, 9, rng.integers(2, 12)).astype(np.float32) for i in range(layers)}
    total = sum(array.size for array in weights.values())
    for name, sparsity in vanishing_sparsities(weights).items():
        count = round(sparsity * total)
        below = global_magnitude_mask(weights, (count - 1) / total)
        assert below.layer_nnz()[name] > 0
        if count < total:
            assert global_magnitude_mask(weights, sparsity).layer_nnz()[name] == 0
