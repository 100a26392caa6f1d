"""Survivors chosen by what all others can make up for, worked by hand and against every choice there is."""

from itertools import combinations

import pytest
import torch

from tinygmp.prune.brain_surgeon import inverse, surviving

ONE = torch.ones(1)


def seen(inputs: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return X'X and X'Y of inputs and a one, for the sums of a weight [outputs, inputs]."""
    x = torch.cat([inputs, torch.ones(len(inputs), 1)], dim=1).double()
    return x.mT @ x, x.mT @ (inputs @ weight.mT).double()


def error(inputs: torch.Tensor, weight: torch.Tensor, mask: torch.Tensor) -> float:
    """Return the squared error that is left when the survivors of one output make up for the others as they can."""
    x = torch.cat([inputs[:, mask], torch.ones(len(inputs), 1)], dim=1).double()
    target = (inputs @ weight[0]).double()
    return float((target - x @ torch.linalg.lstsq(x, target[:, None]).solution[:, 0]).square().sum())


def test_a_large_weight_goes_where_another_input_is_the_same():
    """a and b move together, c by itself: without a, b takes its part, whatever a's weight is."""
    a = torch.tensor([1.0, 2.0, -1.0, 3.0, 0.5])
    c = torch.tensor([0.3, -0.4, 0.9, 0.1, -0.8])
    inputs = torch.stack([a, a, c], dim=1)
    weight = torch.tensor([[5.0, 4.0, 0.5]])
    mask = surviving(weight, torch.zeros(1), 2, *seen(inputs, weight), 1e-6, 2, ONE)
    assert mask[0, 2]
    assert mask[0, :2].sum() == 1


def test_one_weight_less_is_the_best_choice_of_all():
    torch.manual_seed(0)
    for _ in range(20):
        inputs = torch.randn(40, 5) @ torch.randn(5, 5)
        weight = torch.randn(1, 5)
        mask = surviving(weight, torch.zeros(1), 4, *seen(inputs, weight), 1e-9, 1, ONE)[0]
        choices = {
            left: error(inputs, weight, torch.tensor([at in left for at in range(5)]))
            for left in combinations(range(5), 4)
        }
        best = min(choices, key=lambda left: choices[left])
        assert tuple(mask.nonzero()[:, 0].tolist()) == best


def test_more_rounds_choose_better_than_one():
    torch.manual_seed(1)
    errors = []
    for _ in range(20):
        inputs, weight = torch.randn(80, 12) @ torch.randn(12, 12), torch.randn(1, 12)
        given = seen(inputs, weight)
        errors.append(
            [
                error(inputs, weight, surviving(weight, torch.zeros(1), 5, *given, 1e-9, rounds, ONE)[0])
                for rounds in (1, 7)
            ]
        )
    once, often = torch.tensor(errors).mean(dim=0)
    assert often < 0.8 * once


def test_outputs_that_matter_keep_more():
    torch.manual_seed(2)
    inputs, weight = torch.randn(50, 6), torch.randn(2, 6)
    equal = surviving(weight, torch.zeros(2), 6, *seen(inputs, weight), 1e-3, 3, torch.ones(2))
    first = surviving(weight, torch.zeros(2), 6, *seen(inputs, weight), 1e-3, 3, torch.tensor([1e6, 1.0]))
    assert equal.sum() == first.sum() == 6
    assert first[0].all()


def test_the_inverse_leaves_its_input_alone():
    gram = torch.tensor([[2.0, 1.0], [1.0, 3.0]]).double()
    before = gram.clone()
    assert (inverse(gram, 0.5) @ (gram + 0.5 * torch.eye(2))).flatten().tolist() == pytest.approx(
        [1, 0, 0, 1]
    )
    assert torch.equal(gram, before)
