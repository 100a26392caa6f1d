import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from torch import nn

from tinygmp.errors import ConfigError, DataError, DivergenceError
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.mask_makers import by_criterion, by_ranks
from tinygmp.prune.minimum import MinimumWeights
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.ranks import LowRankPair
from tinygmp.prune.schedule import GradualSchedule, OneShotSchedule
from tinygmp.prune.selection import prunable_parameters
from tinygmp.train.fit_network import TrainSettings, batches, evaluate, fit
from tinygmp.train.phases import AlternatingSchedule


class Blobs:
    """Two classes of 1 x 4 x 4 images that differ in which half is bright."""

    def __len__(self):
        return 48

    def sample(self, index, rng):
        image = np.random.default_rng(index).normal(0, 0.5, (1, 4, 4)).astype(np.float32)
        image[:, : 2 if index % 2 else 4] += 1
        return image, index % 2


def small_net(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(96, 2))


SETTINGS = TrainSettings(epochs=6, batch_size=16, learning_rate=0.05, weight_decay=1e-4, warmup_epochs=1)


def test_training_follows_the_schedule_and_keeps_pruned_weights_at_zero():
    net = small_net()
    weights = prunable_parameters(net)
    pruner = Pruner(weights, GradualSchedule(0.9, 1, 4), by_criterion(), monotone=True)
    history = fit(net, Blobs(), Blobs(), TrainSettings(20, 16, 0.05), pruner)
    sparsities = [record.sparsity for record in history]
    assert sparsities[0] == 0
    assert sparsities == sorted(sparsities)
    assert sparsities[-1] == pytest.approx(0.9, abs=1 / 246)
    assert history[-1].accuracy > 0.9
    for name, kept in pruner.mask.kept.items():
        assert not weights[name].detach().numpy()[~kept].any()


def test_alternating_phases_let_weights_return():
    net = small_net()
    pruner = Pruner(prunable_parameters(net), AlternatingSchedule(0.8, 1, 1, 1, 5), by_criterion())
    history = fit(net, Blobs(), Blobs(), TrainSettings(5, 16, 0.05), pruner)
    assert [record.sparsity > 0 for record in history] == [False, True, False, True, True]


def test_minimum_reaches_the_training_loop():
    net = small_net()
    with torch.no_grad():
        net[0].weight.mul_(1e-3)
    pruner = Pruner(prunable_parameters(net), OneShotSchedule(0.9), by_criterion(minimum=MinimumWeights(5)))
    assert pruner.begin_epoch(0).layer_nnz()["0.weight"] == 5


def test_a_remembered_weight_returns_when_others_shrink():
    weight = nn.Parameter(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    schedule = GradualSchedule(0.5, 0, 2, initial_sparsity=0.5)
    pruner = Pruner({"w": weight}, schedule, by_criterion(), revive=True)
    pruner.begin_epoch(0)
    assert weight.tolist() == [0, 0, 3, 4]
    with torch.no_grad():
        weight.copy_(torch.tensor([7.0, 7.0, 3.0, 0.5]))
    pruner.step()
    assert weight.tolist() == [0, 0, 3, 0.5]
    pruner.begin_epoch(1)
    assert weight.tolist() == [0, 2, 3, 0]
    with pytest.raises(ConfigError, match="only one of the two"):
        Pruner({"w": weight}, schedule, by_criterion(), monotone=True, revive=True)


def test_ranks_are_pruned_in_training():
    weights = {
        "W1": nn.Parameter(torch.randn(6, 4)),
        "W2": nn.Parameter(torch.randn(4, 3)),
        "C": torch.ones(2),
    }
    pruner = Pruner(weights, OneShotSchedule(0.5), by_ranks({LowRankPair("W1", "W2"): 1}))
    pruner.begin_epoch(0)
    assert pruner.mask.layer_nnz() == {"W1": 6, "W2": 3, "C": 2}
    assert torch.linalg.matrix_rank(weights["W1"] @ weights["W2"]) == 1


def test_resumed_mask_is_applied_at_once():
    net = small_net()
    weights = prunable_parameters(net)
    mask = global_magnitude_mask(weights, 0.5)
    Pruner(weights, OneShotSchedule(0.5), by_criterion()).use(mask)
    assert sum(int(torch.count_nonzero(weight)) for weight in weights.values()) == mask.nnz


def test_same_seed_trains_the_same_network():
    first, second = small_net(), small_net()
    assert fit(first, Blobs(), Blobs(), SETTINGS) == fit(second, Blobs(), Blobs(), SETTINGS)


def test_learning_rate_warms_up_and_falls_as_a_cosine():
    settings = TrainSettings(epochs=12, batch_size=1, learning_rate=1.0, warmup_epochs=2)
    assert [round(settings.rate_at(epoch), 4) for epoch in (0, 1, 2, 7)] == [0.5, 1.0, 1.0, 0.5]


def test_divergence_is_reported():
    with pytest.raises(DivergenceError, match="lower the learning rate"):
        fit(small_net(), Blobs(), Blobs(), TrainSettings(3, 16, 1e30))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "1 or more"),
        ({"learning_rate": 0.0}, "not above 0"),
        ({"optimiser": "lion"}, "'lion' is unknown"),
        ({"warmup_epochs": 7}, r"outside 0\.\.6"),
    ],
)
def test_impossible_settings_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        TrainSettings(**({"epochs": 6, "batch_size": 16, "learning_rate": 0.1} | change))


def test_too_few_samples_for_a_batch_are_refused():
    with pytest.raises(DataError, match="do not fill a batch of 64"):
        next(batches(Blobs(), TrainSettings(1, 64, 0.1), 0))


WORKER = """
import sys
sys.path.insert(0, {here!r})
import torch
torch.set_num_threads(1)
from torch import distributed
from test_pruner import Blobs, SETTINGS, small_net
from tinygmp.train.fit_network import fit
from tinygmp.prune.mask_makers import by_criterion
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.schedule import GradualSchedule
from tinygmp.prune.selection import prunable_parameters

distributed.init_process_group("gloo")
net = small_net()
pruner = Pruner(prunable_parameters(net), GradualSchedule(0.8, 1, 4), by_criterion())
history = fit(net, Blobs(), Blobs(), SETTINGS, pruner)
rank = distributed.get_rank()
torch.save((net.state_dict(), dict(pruner.mask.kept), history), f"{out}/rank{{rank}}.pt")
import gc
gc.collect()  # a wrapper holds the group in a cycle
distributed.destroy_process_group()
"""


def test_two_processes_make_the_masks_and_the_weights_of_one(tmp_path):
    worker = tmp_path / "worker.py"
    here = os.path.dirname(__file__)
    worker.write_text(textwrap.dedent(WORKER).format(here=here, out=tmp_path))
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node=2",
        str(worker),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]

    net = small_net()
    pruner = Pruner(prunable_parameters(net), GradualSchedule(0.8, 1, 4), by_criterion())
    history = fit(net, Blobs(), Blobs(), SETTINGS, pruner)
    for rank in range(2):
        state, masks, records = torch.load(tmp_path / f"rank{rank}.pt", weights_only=False)
        for name, kept in pruner.mask.kept.items():
            np.testing.assert_array_equal(masks[name], kept)
        for name, tensor in net.state_dict().items():
            # sums of gradients are rounded in another order: float32 rounding over 18 steps
            torch.testing.assert_close(state[name], tensor, rtol=0, atol=1e-5)
        assert [r.accuracy for r in records] == [r.accuracy for r in history]


def test_evaluation_counts_every_sample():
    net = small_net()
    with torch.no_grad():
        net[3].weight.zero_()
        net[3].bias.copy_(torch.tensor([0.0, 1.0]))
    assert evaluate(net, Blobs(), SETTINGS) == 0.5
