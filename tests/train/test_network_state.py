"""Training that stops and goes on, averages, reduced precision and distillation, on separable points (synthetic)."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tinygmp.errors import ConfigError, FileFormatError
from tinygmp.prune.mask_makers import by_criterion
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.schedule import GradualSchedule
from tinygmp.prune.selection import prunable_parameters
from tinygmp.train.distillation import Distillation
from tinygmp.train.fit_network import TrainSettings, evaluate, fit

SETTINGS = TrainSettings(4, 8, 0.1, warmup_epochs=1, average_decay=0.9, workers=1)


class Points:
    """Two classes of 3 x 4 x 4 noise around -1 and 1."""

    def __len__(self):
        return 24

    def sample(self, index, rng):
        values = np.random.default_rng(index).normal(index % 2 * 2 - 1, 1, (3, 4, 4)).astype(np.float32)
        return values + rng.normal(0, 0.1, (3, 4, 4)).astype(np.float32), index % 2


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(), nn.Linear(24, 2))


def pruner_of(net, revive=False):
    return Pruner(prunable_parameters(net), GradualSchedule(0.6, 1, 2), by_criterion(), revive=revive)


class StopError(Exception):
    pass


def stop_after(epoch):
    def report(record):
        if record.epoch == epoch:
            raise StopError

    return report


def same(first, second):
    return all(torch.equal(value, second.state_dict()[name]) for name, value in first.state_dict().items())


@pytest.mark.parametrize(("optimiser", "revive"), [("sgd", False), ("adam", False), ("sgd", True)])
@pytest.mark.parametrize("stopped", [0, 1, 2])
def test_a_stopped_run_continues_to_the_same_bits(tmp_path, stopped, optimiser, revive):
    settings = replace(SETTINGS, optimiser=optimiser, learning_rate=0.01)
    whole, half, rest = network(), network(), network(9)
    wanted = fit(whole, Points(), Points(), settings, pruner_of(whole, revive))
    path = tmp_path / "one.checkpoint"
    with pytest.raises(StopError):
        fit(
            half,
            Points(),
            Points(),
            settings,
            pruner_of(half, revive),
            report=stop_after(stopped),
            checkpoint=path,
        )
    trained = []
    more_threads = replace(settings, workers=2)
    found = fit(
        rest,
        Points(),
        Points(),
        more_threads,
        pruner_of(rest, revive),
        report=trained.append,
        checkpoint=path,
    )
    assert found == wanted
    assert [record.epoch for record in trained] == list(range(stopped + 1, 4))
    assert same(whole, rest)
    assert found[-1].sparsity == pytest.approx(0.6, abs=0.01)
    assert evaluate(rest, Points(), settings) == found[-1].accuracy  # the average was scored, and is returned


def test_the_average_is_another_network_and_keeps_the_zeros():
    raw, averaged = network(), network()
    fit(raw, Points(), Points(), replace(SETTINGS, average_decay=0.0), pruner_of(raw))
    fit(averaged, Points(), Points(), SETTINGS, pruner_of(averaged))
    for name, weight in prunable_parameters(raw).items():
        zeros = averaged.get_parameter(name) == 0
        assert torch.equal(zeros, weight == 0)
        assert not torch.equal(averaged.get_parameter(name), weight)
    assert not torch.equal(averaged[1].running_mean, raw[1].running_mean)


def test_checkpoints_of_something_else_or_damaged_ones_are_refused(tmp_path):
    path = tmp_path / "one.checkpoint"
    fit(network(), Points(), Points(), replace(SETTINGS, epochs=1), checkpoint=path)
    with pytest.raises(FileFormatError, match="other settings"):
        fit(network(), Points(), Points(), SETTINGS, checkpoint=path)
    other = nn.Sequential(nn.Flatten(), nn.Linear(48, 2))
    with pytest.raises(FileFormatError, match="of another network"):
        fit(other, Points(), Points(), replace(SETTINGS, epochs=1), checkpoint=path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FileFormatError, match="damaged"):
        fit(network(), Points(), Points(), replace(SETTINGS, epochs=1), checkpoint=path)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_reduced_precision_learns_nearly_the_same(precision):
    plain, reduced = network(), network()
    settings = replace(SETTINGS, average_decay=0.0)
    wanted = fit(plain, Points(), Points(), settings)
    found = fit(reduced, Points(), Points(), replace(settings, precision=precision))
    assert found[-1].loss == pytest.approx(wanted[-1].loss, abs=0.05)
    assert found[-1].loss != wanted[-1].loss
    assert all(parameter.dtype == torch.float32 for parameter in reduced.parameters())


def test_distillation_worked_by_hand():
    """Teacher logits (ln 9, 0) give 0.9 and 0.1; a student of (0, 0) is ln 2 - H(0.9) from it; T = 1."""
    teacher = nn.Linear(1, 2)
    with torch.no_grad():
        teacher.weight.zero_()
        teacher.bias.copy_(torch.tensor([math.log(9), 0.0]))
    loss = Distillation(teacher, share=0.25, temperature=1.0)
    entropy = -0.9 * math.log(0.9) - 0.1 * math.log(0.1)
    found = loss(torch.zeros(3, 1), torch.zeros(3, 2), torch.tensor([0, 1, 0]))
    assert found.item() == pytest.approx(0.75 * math.log(2) + 0.25 * (math.log(2) - entropy))


def test_a_student_learns_a_teacher_without_true_labels():
    class Mislabelled(Points):
        def sample(self, index, rng):
            return super().sample(index, rng)[0], 0

    teacher, student = network(), network(1)
    fit(teacher, Points(), Points(), SETTINGS)
    before = [value.clone() for value in teacher.state_dict().values()]
    fit(student, Mislabelled(), Points(), SETTINGS, loss=Distillation(teacher, share=1.0))
    assert evaluate(student, Points(), SETTINGS) > 0.9
    assert all(torch.equal(a, b) for a, b in zip(before, teacher.state_dict().values(), strict=True))


@pytest.mark.parametrize(
    "wrong", [{"average_decay": 1.0}, {"precision": "int8"}, {"average_decay": -0.1}, {"warmup_epochs": 5}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ConfigError, match=r"training: "):
        replace(SETTINGS, **wrong)


@pytest.mark.parametrize("wrong", [{"share": 1.5}, {"temperature": 0.0}])
def test_impossible_distillation_is_refused(wrong):
    with pytest.raises(ConfigError, match="distillation"):
        Distillation(nn.Linear(1, 1), **wrong)
