"""The trainer: resumes to the bit, prunes on schedule, tells divergence, learns something learnable."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tinygmp.errors import ConfigError, DivergenceError, FileFormatError
from tinygmp.models.fastgrnn import FastGrnnClassifier, float_graph
from tinygmp.prune.schedule import GradualSchedule
from tinygmp.train.average import WeightAverage
from tinygmp.train.divergence import PATIENCE, DivergenceWatch
from tinygmp.train.evaluate import accuracy
from tinygmp.train.fit import Observer, fit
from tinygmp.train.settings import WindowSettings

SETTINGS = WindowSettings(
    epochs=12,
    batch_size=32,
    learning_rate=0.02,
    average_decay=0.9,
    pruning=GradualSchedule(0.6, 2, 7),
    seed=3,
)


def windows(count=256):
    """Two classes: does the mean of the first channel rise or fall?"""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, count)
    slope = np.where(labels == 1, 1.0, -1.0)[:, None] * np.linspace(-1, 1, 10)
    x = rng.normal(0, 0.3, (count, 10, 3)).astype(np.float32)
    x[:, :, 0] += slope.astype(np.float32)
    return x, labels


def network():
    return FastGrnnClassifier(3, 12, 2, generator=torch.Generator().manual_seed(3))


def noisy(x):
    data = torch.from_numpy(x)
    return lambda chosen, generator: (
        data[chosen] + 0.01 * torch.randn(data[chosen].shape, generator=generator)
    )


def test_it_learns_and_prunes_to_the_exact_count():
    x, labels = windows()
    seen = []
    result = fit(network(), noisy(x), labels, SETTINGS, Observer(seen.append))
    assert accuracy(result.network, x, labels) > 95
    graph = float_graph(result.network)
    total = graph.weight_count
    assert result.mask.nnz == total - round(0.6 * total)
    assert graph.nnz <= result.mask.nnz
    assert seen == result.history
    assert [epoch.nnz for epoch in seen] == sorted((epoch.nnz for epoch in seen), reverse=True)


class Stopped(Exception):
    pass


def test_a_stopped_training_resumes_to_the_bit(tmp_path):
    x, labels = windows()
    measures = {"training": lambda candidate: accuracy(candidate, x, labels)}
    whole = fit(network(), noisy(x), labels, SETTINGS, Observer(measures=measures))

    def stop_in_epoch_7(epoch):
        if epoch.epoch == 7:
            raise Stopped

    checkpoint = tmp_path / "training.pt"
    with pytest.raises(Stopped):
        fit(network(), noisy(x), labels, SETTINGS, Observer(stop_in_epoch_7, measures), checkpoint)
    resumed_epochs = []
    resumed = fit(
        network(),
        noisy(x),
        labels,
        SETTINGS,
        Observer(lambda epoch: resumed_epochs.append(epoch.epoch), measures),
        checkpoint,
    )
    assert resumed_epochs[0] == 5
    assert resumed.history == whole.history
    assert [epoch.epoch for epoch in resumed.history if epoch.measured] == [4, 9, 11]
    assert resumed.history[-1].measured == {"training": accuracy(whole.network, x, labels)}
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_a_foreign_or_damaged_checkpoint_is_refused(tmp_path):
    x, labels = windows(64)
    checkpoint = tmp_path / "training.pt"
    short = replace(SETTINGS, epochs=2, pruning=None)
    fit(network(), noisy(x), labels, short, checkpoint=checkpoint)
    with pytest.raises(FileFormatError, match="other settings"):
        fit(network(), noisy(x), labels, replace(short, seed=4), checkpoint=checkpoint)
    checkpoint.write_bytes(checkpoint.read_bytes()[:500])
    with pytest.raises(FileFormatError, match="damaged"):
        fit(network(), noisy(x), labels, short, checkpoint=checkpoint)


def test_divergence_is_told_early_and_stopped():
    watch = DivergenceWatch()
    assert watch.after_epoch(0, 0.5) is None
    told = [watch.after_epoch(epoch, 0.9) for epoch in range(1, PATIENCE + 1)]
    assert told[:-1] == [None] * (PATIENCE - 1)
    assert "may be diverging" in told[-1]
    assert watch.after_epoch(9, 0.4) is None
    with pytest.raises(DivergenceError, match="epoch 10"):
        watch.after_epoch(10, math.nan)


def test_a_training_that_diverges_raises():
    x, labels = windows(64)
    x[5] = np.inf
    with pytest.raises(DivergenceError):
        fit(network(), noisy(x), labels, replace(SETTINGS, pruning=None))


def test_average_worked_by_hand():
    one = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        one.weight.fill_(0.0)
        average = WeightAverage(one, 0.5)
        one.weight.fill_(1.0)
        average.after_step(one, {})  # decay min(0.5, 1/10): 0.1 * 0 + 0.9 * 1
        assert average.state["weight"].item() == pytest.approx(0.9)
        average.after_step(one, {"weight": torch.tensor([[True]])})
        assert average.state["weight"].item() == 0.0


@pytest.mark.parametrize(
    "change",
    [{"epochs": 0}, {"batch_size": 0}, {"learning_rate": 0.0}, {"pruning": GradualSchedule(0.5, 2, 12)}],
    ids=lambda change: next(iter(change)),
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ConfigError, match="training:"):
        replace(SETTINGS, **change)
