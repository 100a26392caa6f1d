import pytest
import torch

from tinygmp.errors import ConfigError
from tinygmp.models.fastgrnn import FastGrnnClassifier
from tinygmp.models.fastgrnn_stack import FastGrnnStack, factored_stack, seeded_stack


def networks(count, **ranks):
    return [
        FastGrnnClassifier(3, 7, 2, generator=torch.Generator().manual_seed(seed), **ranks).double()
        for seed in range(count)
    ]


@pytest.mark.parametrize("ranks", [{}, {"w_rank": 2, "u_rank": 4}])
def test_every_run_computes_and_learns_what_its_network_would(ranks):
    singles = networks(3, **ranks)
    stack = FastGrnnStack(singles)
    x = torch.randn(3, 5, 11, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(9))
    weight = torch.randn(3, 5, 2, dtype=torch.float64)
    logits = stack(x)
    (logits * weight).sum().backward()
    for run, single in enumerate(singles):
        expected = single(x[run])
        torch.testing.assert_close(logits[run], expected)
        (expected * weight[run]).sum().backward()
        for name, parameter in single.named_parameters():
            torch.testing.assert_close(stack.get_parameter(name).grad[run], parameter.grad)


def test_shared_windows_and_views():
    singles = networks(2)
    stack = FastGrnnStack(singles)
    x = torch.randn(1, 4, 6, 3, dtype=torch.float64)
    torch.testing.assert_close(stack(x)[1], singles[1](x[0]))
    stack.run_weights(1)["U"].zero_()
    assert not stack.U[1].any()
    assert stack.U[0].all()
    stack.copy_run(1, singles[0])
    assert not singles[0].U.any()


def test_factors_of_full_rank_compute_the_same_and_are_ordered():
    stack = seeded_stack(3, 7, 2, [0, 1])
    factored = factored_stack(stack)
    x = torch.randn(2, 4, 6, 3)
    torch.testing.assert_close(factored(x), stack(x), rtol=1e-4, atol=1e-5)
    assert factored.W1.shape == (2, 7, 3)
    strength = factored.U1[1].norm(dim=0)
    assert torch.equal(strength.sort(descending=True).values, strength)


def test_unequal_or_no_networks_are_refused():
    with pytest.raises(ConfigError, match="no networks"):
        FastGrnnStack([])
    with pytest.raises(ConfigError, match="differ in shape"):
        FastGrnnStack([networks(1)[0], networks(1, u_rank=2)[0]])
