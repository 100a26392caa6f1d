"""What a pruner tells while it goes on, and what it holds without being told."""

import copy
import warnings

import pytest
import torch
from torch import nn

from tinygmp.errors import CollapseWarning, ConfigError, PruningWarning
from tinygmp.prune.mask import mask_of_nonzeros
from tinygmp.prune.mask_makers import by_criterion
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.schedule import GradualSchedule, OneShotSchedule
from tinygmp.prune.selection import prunable_parameters
from tinygmp.train.phases import AlternatingSchedule


@pytest.fixture(autouse=True)
def all_told():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def thin_net():
    """Six weights far below the 94 of the other layer, all magnitudes distinct."""
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(47, 2))
    with torch.no_grad():
        net[0].weight.copy_(torch.arange(1.0, 7).reshape(3, 2) / 1000)
        net[2].weight.copy_(torch.arange(1.0, 95).reshape(2, 47))
    return net


def test_a_layer_that_loses_its_last_weight_is_named_with_the_remedy_at_the_line_of_the_loop():
    pruner = Pruner(prunable_parameters(thin_net()), GradualSchedule(0.88, 0, 2, "linear"))
    pruner.begin_epoch(0)
    with pytest.warns(CollapseWarning) as told:
        pruner.begin_epoch(1)
    (one,) = told
    assert one.filename == __file__
    assert str(one.message) == (
        "pruner: layer '0.weight' (6 weights) vanishes at sparsity 0.06000; repair: keep at least 3 weights per layer "
        "(3.0000% of all): by_criterion(minimum=3)"
    )
    pruner.begin_epoch(2)  # told once
    pruner.end()
    mended = Pruner(prunable_parameters(thin_net()), OneShotSchedule(0.88), by_criterion(minimum=3))
    mended.begin_epoch(0)
    mended.end()


def test_an_empty_layer_is_told_at_the_end_of_a_resumed_loop_and_when_training_emptied_it():
    net = thin_net()
    pruner = Pruner(prunable_parameters(net), OneShotSchedule(0.88))
    with pytest.warns(CollapseWarning):
        pruner.begin_epoch(0)
    resumed = Pruner(prunable_parameters(net), OneShotSchedule(0.88))
    resumed.load_state_dict(pruner.state_dict())
    with pytest.warns(CollapseWarning, match=r"'0\.weight' .*by_criterion\(minimum=3\)") as told:
        resumed.end()
    assert told[0].filename == __file__
    died = Pruner(prunable_parameters(net := thin_net()), OneShotSchedule(0.0))
    died.begin_epoch(0)
    with torch.no_grad():
        net[2].weight.zero_()
    with pytest.warns(CollapseWarning, match=r"'2\.weight' \(94 weights\)"):
        died.end()


def test_no_minimum_is_promised_where_none_fits():
    pruner = Pruner(prunable_parameters(thin_net()), OneShotSchedule(0.99))
    with pytest.warns(CollapseWarning, match="no minimum repairs it.*lower it$"):
        pruner.begin_epoch(0)


def test_an_unfinished_schedule_and_a_forgotten_step_are_told():
    net = thin_net()
    pruner = Pruner(prunable_parameters(net), GradualSchedule(0.5, 0, 4, "linear"), by_criterion(minimum=1))
    with pytest.warns(PruningWarning, match="after epoch -1 at sparsity 0,"):
        pruner.end()
    pruner.begin_epoch(2)
    with torch.no_grad():
        net[0].weight.add_(1e-9)
    with pytest.warns(PruningWarning) as told:
        pruner.end()
    assert [str(one.message) for one in told] == [
        "pruner: pruned weights of '0.weight' were not 0; call pruner.step() after every step of the optimiser",
        f"pruner: training ended after epoch 2 at sparsity 0.25, {pruner.schedule} goes on to 0.5; train on, or let "
        "it end earlier",
    ]
    assert {one.filename for one in told} == {__file__}
    pruner.begin_epoch(4)
    pruner.end()
    Pruner(prunable_parameters(net), OneShotSchedule(0.0)).end()


def pruned_net():
    """A network of 100 weights, the 40 smallest of the second layer zero."""
    net = thin_net()
    with torch.no_grad():
        net[2].weight.masked_fill_(net[2].weight <= 40, 0)
    return net


def test_zeros_of_an_earlier_pruning_stay_in_monotone_masks():
    net = pruned_net()
    pruner = Pruner(prunable_parameters(net), GradualSchedule(0.7, 1, 4, "linear"), monotone=True)
    zeros = mask_of_nonzeros({"2.weight": net[2].weight.detach().numpy()})
    kept = []
    for epoch in range(5):
        mask = pruner.begin_epoch(epoch)
        assert not (mask["2.weight"] & ~zeros["2.weight"]).any()
        kept.append(mask.nnz)
        with torch.no_grad():
            net[2].weight.add_(1)
            net[0].weight.add_(100)
        pruner.step()
    assert kept == [60, 60, 60, 53, 30]
    pruner.end()


def test_zeros_that_will_not_stay_are_told_unless_they_are_few_or_pruned_at_once():
    loose = Pruner(prunable_parameters(pruned_net()), GradualSchedule(0.7, 1, 4))
    with pytest.warns(PruningWarning, match=r"40\.00% of the weights are 0 already, epoch 0 prunes 0\.00%"):
        loose.begin_epoch(0)
    Pruner(prunable_parameters(pruned_net()), OneShotSchedule(0.5), by_criterion(minimum=1)).begin_epoch(0)
    few = thin_net()
    with torch.no_grad():
        few[0].weight.zero_()
    Pruner(prunable_parameters(few), OneShotSchedule(0.0)).begin_epoch(0)


def test_epochs_that_were_left_out_are_made_up_for():
    """A loop that begins at epoch 3 with a new pruner would never meet the one epoch that prunes."""
    late = Pruner(prunable_parameters(thin_net()), OneShotSchedule(0.5), by_criterion(minimum=1))
    assert late.begin_epoch(3).sparsity == 0.5
    gaps = Pruner(
        prunable_parameters(thin_net()), GradualSchedule(0.6, 0, 4, "linear"), by_criterion(minimum=1)
    )
    assert [gaps.begin_epoch(epoch).nnz for epoch in (1, 4, 9)] == [85, 40, 40]
    again = AlternatingSchedule(0.5, 1, 2, 1, 6)  # dense, two sparse, two dense, one sparse
    phases = Pruner(prunable_parameters(thin_net()), again, by_criterion(minimum=1))
    assert [phases.begin_epoch(epoch) is not None for epoch in (2, 4, 5)] == [True, False, True]


OPTIMISERS = [
    lambda weights: torch.optim.SGD(weights, 0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    lambda weights: torch.optim.Adam(weights, 0.1, weight_decay=0.1),
    lambda weights: torch.optim.AdamW(weights, 0.1),
    lambda weights: torch.optim.RMSprop(weights, 0.1, momentum=0.9),
]


@pytest.mark.parametrize("make", OPTIMISERS)
def test_an_attached_optimiser_keeps_zeros_zero_until_the_handle_is_removed(make):
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 4))
    optimiser = make(net.parameters())
    pruner = Pruner(prunable_parameters(net), OneShotSchedule(0.5), by_criterion(minimum=1))

    def steps(count):
        for _ in range(count):
            optimiser.zero_grad()
            net(torch.randn(16, 4)).square().sum().backward()
            optimiser.step()

    def zeros():
        return sum(int((weight == 0).sum()) for weight in pruner.parameters.values())

    norm, bias = net[1].weight.clone(), net[2].bias.clone()
    with pruner.attach(optimiser):
        steps(3)  # dense: momentum gathers
        pruner.begin_epoch(0)
        steps(3)
        assert zeros() == 32
    assert net[1].weight.ne(norm).all()
    assert net[2].bias.ne(bias).all()
    steps(1)
    assert zeros() < 32


def test_a_pruner_and_an_optimiser_of_two_networks_are_refused():
    net = thin_net()
    pruner = Pruner(prunable_parameters(copy.deepcopy(net)), OneShotSchedule(0.5))
    with pytest.raises(ConfigError, match="SGD moves none of the pruner's 2 weights; make both of the same"):
        pruner.attach(torch.optim.SGD(net.parameters(), 0.1))


def test_impossible_pruners_are_refused_before_training():
    net = thin_net()
    with pytest.raises(ConfigError, match="give prunable_parameters"):
        Pruner(net, OneShotSchedule(0.5))
    with pytest.raises(ConfigError, match="'b' is the same tensor as 'a'; give it once"):
        Pruner({"a": net[0].weight, "b": net[0].weight}, OneShotSchedule(0.5))
    with pytest.raises(ConfigError, match=r"at least 18 weights together.*leaves 12 of 100"):
        Pruner(prunable_parameters(net), GradualSchedule(0.88, 5, 9), by_criterion(minimum=12))


def test_the_table_names_what_is_left_and_what_is_left_out():
    pruner = Pruner(prunable_parameters(thin_net()), OneShotSchedule(0.5), by_criterion(minimum=2))
    assert pruner.table().splitlines()[-3].split() == ["prunable,", "all", "100", "100", "0.00"]
    pruner.begin_epoch(0)
    lines = pruner.table().splitlines()
    assert lines[1].split() == ["0.weight", "3", "x", "2", "6", "2", "66.67"]
    assert lines[-2:] == [
        "left out, bias: 0.bias, 2.bias (5 values)",
        "left out, BatchNorm1d scales and shifts whole channels: 1.weight, 1.bias (6 values)",
    ]
    assert pruner.left_out["1.weight"].shape == (3,)
