"""What goes wrong with torch.nn.utils.prune and does not here; docs/training_loop.md tells it."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from tinygmp.errors import CollapseWarning
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.schedule import OneShotSchedule
from tinygmp.prune.selection import prunable_parameters


def globally(layers, amount, name="weight"):
    prune.global_unstructured([(layer, name) for layer in layers], prune.L1Unstructured, amount=amount)


def pruned_at_once(net, sparsity):
    pruner = Pruner(prunable_parameters(net), OneShotSchedule(sparsity))
    pruner.begin_epoch(0)
    return pruner


def zeros(*weights):
    return sum(int((weight == 0).sum()) for weight in weights)


def ranked_linear(inputs, outputs, start=1.0):
    layer = nn.Linear(inputs, outputs)
    with torch.no_grad():
        layer.weight.copy_(torch.arange(start, start + inputs * outputs).reshape(outputs, inputs))
    return layer


def step(net, optimiser, x=None):
    optimiser.zero_grad()
    net(torch.ones(2, 4) if x is None else x).sum().backward()
    optimiser.step()


def test_pruning_again_compounds_there_and_means_what_it_says_here():
    theirs, ours = ranked_linear(4, 4), ranked_linear(4, 4)
    globally([theirs], 0.5)
    globally([theirs], 0.5)
    assert zeros(theirs.weight) == 12
    pruned_at_once(ours, 0.5)
    pruned_at_once(ours, 0.5)
    assert zeros(ours.weight) == 8


def test_checkpoints_change_their_keys_there_and_keep_them_here():
    theirs, ours = ranked_linear(4, 4), ranked_linear(4, 4)
    globally([theirs], 0.5)
    pruned_at_once(ours, 0.5)
    with pytest.raises(RuntimeError, match="Missing key"):
        nn.Linear(4, 4).load_state_dict(theirs.state_dict())
    nn.Linear(4, 4).load_state_dict(ours.state_dict())


def test_a_network_cannot_be_copied_there_and_can_here():
    theirs, ours = ranked_linear(4, 4), ranked_linear(4, 4)
    globally([theirs], 0.5)
    theirs(torch.ones(2, 4))
    with pytest.raises(RuntimeError, match="deepcopy"):
        copy.deepcopy(theirs)
    pruned_at_once(ours, 0.5)
    ours(torch.ones(2, 4))
    assert zeros(copy.deepcopy(ours).weight) == 8


def test_after_remove_the_next_step_fills_the_zeros_there_and_here_they_stay():
    theirs, ours = ranked_linear(4, 4), ranked_linear(4, 4)
    globally([theirs], 0.5)
    prune.remove(theirs, "weight")
    step(theirs, torch.optim.SGD(theirs.parameters(), 0.1))
    assert zeros(theirs.weight) == 0
    pruner, optimiser = pruned_at_once(ours, 0.5), torch.optim.SGD(ours.parameters(), 0.1)
    with pruner.attach(optimiser):
        step(ours, optimiser)
    assert zeros(ours.weight) == 8


def test_tied_weights_count_twice_there_and_once_here():
    def tied():
        first, second, other = ranked_linear(3, 2), nn.Linear(3, 2), ranked_linear(3, 4, 100.0)
        second.weight = first.weight
        return nn.Sequential(first, second, other)

    theirs, ours = tied(), tied()
    globally(theirs, 0.5)
    assert zeros(theirs[0].weight, theirs[2].weight) == 6  # 12 of 24 were asked for, each tied one twice
    with pytest.warns(CollapseWarning):
        pruned_at_once(ours, 0.5)
    assert zeros(ours[0].weight, ours[2].weight) == 9  # half of 18


def test_attention_stops_learning_there_and_learns_here():
    """MultiheadAttention reads out_proj.weight without calling out_proj, so the mask's hook never runs."""

    def attended(module):
        x = torch.ones(2, 3, 4)
        return module(x, x, x, need_weights=False)[0].square().sum()

    theirs, ours = (
        nn.MultiheadAttention(4, 2, batch_first=True),
        nn.MultiheadAttention(4, 2, batch_first=True),
    )
    prune.l1_unstructured(theirs.out_proj, "weight", 0.5)
    optimiser = torch.optim.SGD(theirs.parameters(), 0.1)
    before = theirs.out_proj.weight.detach().clone()
    attended(theirs).backward()
    optimiser.step()
    assert torch.equal(theirs.out_proj.weight, before)
    with pytest.raises(RuntimeError, match="second time"):
        attended(theirs).backward()
    pruner, optimiser = pruned_at_once(ours, 0.5), torch.optim.SGD(ours.parameters(), 0.1)
    before = ours.out_proj.weight.detach().clone()
    for _ in range(2):
        attended(ours).backward()
        optimiser.step()
        pruner.step()
    kept = torch.tensor(pruner.mask["out_proj.weight"])
    assert (ours.out_proj.weight != before)[kept].any()
    assert zeros(ours.out_proj.weight, ours.in_proj_weight) == 32


def test_an_empty_layer_is_not_told_there_and_is_here(recwarn):
    theirs = nn.Sequential(ranked_linear(2, 2), ranked_linear(4, 4, 100.0))
    ours = copy.deepcopy(theirs)
    globally(theirs, 0.5)
    assert zeros(theirs[0].weight) == 4
    assert not recwarn.list
    with pytest.warns(CollapseWarning, match=r"layer '0\.weight' .*by_criterion\(minimum="):
        pruned_at_once(ours, 0.5)
