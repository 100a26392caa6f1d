import numpy as np
import pytest
import torch

from tinygmp.errors import ConfigError, DivergenceError
from tinygmp.models.fastgrnn import FastGrnnClassifier
from tinygmp.models.fastgrnn_stack import FastGrnnStack
from tinygmp.prune.mask_makers import by_criterion
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.schedule import GradualSchedule, OneShotSchedule
from tinygmp.train.fit_stack import StackSettings, fit_stack

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, 60)
WINDOWS = RNG.normal(0, 0.3, (60, 8, 3)).astype(np.float32) + LABELS[:, None, None].astype(np.float32)
SETTINGS = StackSettings(epochs=6, batch_size=20, learning_rate=0.05, checkpoint_epochs=2, average_decay=0.9)


def make_batch(chosen, generator):
    return torch.from_numpy(WINDOWS)[chosen]


def train(seeds, sparsities, settings=SETTINGS, checkpoint=None):
    stack = FastGrnnStack(
        [FastGrnnClassifier(3, 6, 2, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    )
    schedules = [None, *(GradualSchedule(s, 1, 3) for s in sparsities[1:])]
    pruners = [
        None if schedule is None else Pruner(stack.run_weights(run), schedule, by_criterion())
        for run, schedule in enumerate(schedules)
    ]
    done = fit_stack(stack, make_batch, LABELS, (WINDOWS, LABELS), settings, seeds, pruners, checkpoint)
    return stack, done


def test_runs_are_pruned_each_to_its_own_sparsity_and_learn():
    longer = StackSettings(epochs=30, batch_size=20, learning_rate=0.05, average_decay=0.8)
    stack, done = train([1, 1, 2], [0.0, 0.5, 0.8], longer)
    total = 6 * 3 + 36 + 12
    nonzero = [sum(int(w.count_nonzero()) for w in stack.run_weights(run).values()) for run in range(3)]
    assert nonzero == [total, total - 33, total - round(0.8 * total)]
    assert min(done.history.best(run) for run in range(3)) > 0.9


def test_a_run_does_not_depend_on_its_neighbours():
    together, _ = train([1, 7], [0.0, 0.5])
    _, alone = train([1], [0.0])
    torch.testing.assert_close(alone.stack.U[0], together.U[0])


class Stopped(Exception):
    pass


def test_a_stopped_training_continues_to_the_same_weights(tmp_path):
    whole, _ = train([3, 4], [0.0, 0.6])
    checkpoint = tmp_path / "stack.pt"

    def stop(epoch, history):
        if epoch == 4:
            raise Stopped

    stack = FastGrnnStack(
        [FastGrnnClassifier(3, 6, 2, generator=torch.Generator().manual_seed(s)) for s in (3, 4)]
    )
    pruners = [None, Pruner(stack.run_weights(1), GradualSchedule(0.6, 1, 3), by_criterion())]
    with pytest.raises(Stopped):
        fit_stack(stack, make_batch, LABELS, (WINDOWS, LABELS), SETTINGS, [3, 4], pruners, checkpoint, stop)
    resumed, done = train([3, 4], [0.0, 0.6], checkpoint=checkpoint)
    assert len(done.history.losses) == 6
    for name, parameter in whole.named_parameters():
        assert torch.equal(parameter, resumed.get_parameter(name))
    with pytest.raises(ConfigError, match="delete it"):
        train([3, 4], [0.0, 0.6], StackSettings(epochs=7, batch_size=20), checkpoint)


def test_faults_are_named():
    stack = FastGrnnStack([FastGrnnClassifier(3, 6, 2)])
    with pytest.raises(ConfigError, match="2 seeds and 1 pruners"):
        fit_stack(stack, make_batch, LABELS, (WINDOWS, LABELS), SETTINGS, [1, 2], [None])
    with pytest.raises(ConfigError, match="all need 1 or more"):
        StackSettings(epochs=0)
    with torch.no_grad():
        stack.U.fill_(float("nan"))
    with pytest.raises(DivergenceError, match="run 0, epoch 0"):
        fit_stack(stack, make_batch, LABELS, (WINDOWS, LABELS), SETTINGS, [1], [None])


def test_one_shot_starts_from_given_weights():
    dense, _ = train([1], [0.0])
    stack = FastGrnnStack([FastGrnnClassifier(3, 6, 2)])
    stack.load_state_dict(dense.state_dict())
    pruner = Pruner(stack.run_weights(0), OneShotSchedule(0.5), by_criterion())
    mask = pruner.begin_epoch(0)
    assert mask.sparsity == 0.5
    assert int(stack.U[0].count_nonzero()) == mask.layer_nnz()["U"]


def test_a_checkpoint_from_before_pruners_were_in_it_is_refused(tmp_path):
    checkpoint = tmp_path / "stack.pt"
    train([3, 4], [0.0, 0.6], checkpoint=checkpoint)
    state = torch.load(checkpoint, weights_only=False)
    del state["pruners"]
    torch.save(state, checkpoint)
    with pytest.raises(ConfigError, match="of an earlier version, without its pruners; delete it"):
        train([3, 4], [0.0, 0.6], checkpoint=checkpoint)
