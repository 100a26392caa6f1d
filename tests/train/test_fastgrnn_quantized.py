"""Few levels or shared values: zeros and levels survive training, and packing stores them without a further loss."""

import numpy as np
import pytest
import torch

from tests.floats.chains import random_cell_graph
from tinygmp.errors import ConfigError
from tinygmp.floats.graph import FloatGraph
from tinygmp.quant.symmetric import fit_scale, quantize_int8
from tinygmp.sparse.narrow import LEVELS
from tinygmp.train.fastgrnn_quantized import FixedLevels, QuantizedClassifier, codebook_of
from tinygmp.train.fit import fit
from tinygmp.train.settings import WindowSettings


def network_graph(ranks=(0, 0), hidden=24) -> FloatGraph:
    return random_cell_graph(
        3, ranks, hidden, inputs=5, classes=2, kept=0.4, deviation=0.4, zeta=0.7, nu=0.02
    )


def widths_of(network: FloatGraph, value_format: str) -> dict[str, str]:
    return dict.fromkeys(network.prunable(), value_format)


@pytest.mark.parametrize("ranks", [(0, 0), (3, 6)])
@pytest.mark.parametrize("value_format", ["codebook16", "int8", "int4", "ternary", "power2"])
def test_network_computes_what_its_exported_weights_compute(ranks, value_format):
    network = QuantizedClassifier(network_graph(ranks), widths_of(network_graph(ranks), value_format))
    x = np.random.default_rng(0).normal(0, 1, (6, 15, 5)).astype(np.float32)
    with torch.no_grad():
        obtained = network(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(network.graph().logits(x), obtained, atol=1e-5)


@pytest.mark.parametrize("ranks", [(0, 0), (3, 6)])
def test_training_keeps_zeros_and_shares_values(ranks):
    before = network_graph(ranks)
    network = QuantizedClassifier(before, widths_of(before, "codebook16"))
    x = torch.randn(64, 15, 5, generator=torch.Generator().manual_seed(0))
    labels = (x[:, :, 0].mean(dim=1) > 0).long().numpy()
    settings = WindowSettings(epochs=6, batch_size=16, learning_rate=5e-3, weight_decay=0.0)
    start = {name: matrix.copy() for name, matrix in network.graph().prunable().items()}
    result = fit(network, lambda chosen, generator: x[chosen], labels, settings)
    assert result.history[-1].loss < result.history[0].loss
    for name, matrix in network.graph().prunable().items():
        assert np.array_equal(matrix != 0, start[name] != 0), name
        assert len(np.unique(quantize_int8(matrix, fit_scale(matrix)))) <= 17, name
    assert any(not np.array_equal(m, start[n]) for n, m in network.graph().prunable().items())


def test_codebook_worked_by_hand():
    matrix = np.array([[0.0, 1.0, -1.27], [0.5, 0.0, 0.5]], np.float32)
    values, codes = codebook_of(matrix, 4)
    np.testing.assert_allclose(values, [-1.27, 0.5, 1.0], atol=1e-6)
    assert codes.tolist() == [[0, 3, 1], [2, 0, 2]]


@pytest.mark.parametrize("value_format", ["int8", "int4", "ternary", "power2"])
def test_training_on_levels_stays_on_them_and_learns(value_format):
    before = network_graph()
    network = QuantizedClassifier(before, {"rnn.W": value_format, "rnn.U": value_format})
    x = torch.randn(64, 15, 5, generator=torch.Generator().manual_seed(0))
    labels = (x[:, :, 0].mean(dim=1) > 0).long().numpy()
    settings = WindowSettings(epochs=6, batch_size=16, learning_rate=5e-3, weight_decay=0.0)
    start = network.graph().prunable()
    result = fit(network, lambda chosen, generator: x[chosen], labels, settings)
    assert result.history[-1].loss < result.history[0].loss
    after, scales = network.graph().prunable(), network.scales()
    assert set(scales) == {"rnn.W", "rnn.U"}
    for name, matrix in after.items():
        assert np.array_equal(matrix != 0, before.prunable()[name] != 0), name
        if name in scales:
            steps = np.abs(matrix[matrix != 0]) / scales[name]
            assert np.isin(np.rint(steps), LEVELS[value_format]).all(), name
            np.testing.assert_allclose(steps, np.rint(steps), rtol=1e-4)
    assert any(not np.array_equal(after[name], start[name]) for name in scales)


def test_gradient_of_levels_worked_by_hand():
    levels = FixedLevels(np.array([[0.0, 1.0, -7.6, 2.2]], np.float32), "int4")
    with torch.no_grad():
        levels.log_scale.zero_()
    matrix = torch.tensor([[5.0, 1.0, -7.6, 2.2]], requires_grad=True)
    out = levels(matrix)
    assert out.tolist() == [[0.0, 1.0, -7.0, 2.0]]  # pruned stays 0, -7.6 lies outside and is cut
    out.sum().backward()
    assert matrix.grad is not None
    assert matrix.grad.tolist() == [[0.0, 1.0, 0.0, 1.0]]
    # Step size: level - step inside, level outside (Esser et al. 2020, equation 3): 0 - 7 - 0.2
    assert levels.log_scale.grad is not None
    assert levels.log_scale.grad.item() == pytest.approx(-7.2, abs=1e-5)


def test_unknown_matrices_and_formats_are_refused():
    with pytest.raises(ConfigError, match="no matrix"):
        QuantizedClassifier(network_graph(), {"rnn.V": "int4"})
    with pytest.raises(ConfigError, match="'int3' has no levels"):
        QuantizedClassifier(network_graph(), {"rnn.U": "int3"})
