"""Every parameter of a module is either prunable or left out with a reason; nothing is lost on the way."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from tinygmp.errors import ConfigError
from tinygmp.prune.selection import prunable_parameters

KINDS = [
    (nn.Conv1d(2, 3, 3), ["weight"]),
    (nn.ConvTranspose1d(2, 3, 3), ["weight"]),
    (nn.ConvTranspose2d(2, 3, 3), ["weight"]),
    (nn.Conv3d(2, 3, 3), ["weight"]),
    (nn.Bilinear(2, 3, 4), ["weight"]),
    (nn.Embedding(5, 3), ["weight"]),
    (nn.EmbeddingBag(5, 3), ["weight"]),
    (nn.GRU(3, 4, 2), ["weight_ih_l0", "weight_hh_l0", "weight_ih_l1", "weight_hh_l1"]),
    (nn.LSTM(3, 4, proj_size=2), ["weight_ih_l0", "weight_hh_l0", "weight_hr_l0"]),
    (nn.GRUCell(3, 4), ["weight_ih", "weight_hh"]),
    (nn.MultiheadAttention(4, 2), ["in_proj_weight", "out_proj.weight"]),
    (
        nn.MultiheadAttention(4, 2, kdim=3, vdim=3, add_bias_kv=True),
        ["q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight"],
    ),
]


@pytest.mark.parametrize(("module", "matrices"), KINDS, ids=[type(module).__name__ for module, _ in KINDS])
def test_matrices_are_chosen_and_all_else_is_left_out_by_name(module, matrices):
    chosen = prunable_parameters(module)
    assert list(chosen) == matrices
    assert {*chosen, *chosen.left_out} == {name for name, _ in module.named_parameters()}
    assert {one.reason for one in chosen.left_out.values()} <= {"bias"}


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.places = nn.Parameter(torch.ones(1, 4, 2))
        self.scale = nn.Parameter(torch.ones(3))
        self.steps = nn.Parameter(torch.ones(2, 2, dtype=torch.int8), requires_grad=False)
        self.none = nn.Parameter(torch.ones(0, 2))
        self.norm = nn.LayerNorm((2, 2))
        self.linear = nn.Linear(2, 2)


def test_reasons_tell_what_a_parameter_is_and_how_to_prune_it():
    chosen = prunable_parameters(Attention())
    assert {name: one.reason for name, one in chosen.left_out.items()} == {
        "places": "Attention is no kind with known matrices; include=['places'], or a method prunable() that names it",
        "scale": "vector, each value acts on a whole channel",
        "steps": "int8, not real numbers",
        "none": "has no elements",
        "norm.weight": "LayerNorm scales and shifts whole channels",
        "norm.bias": "LayerNorm scales and shifts whole channels",
        "linear.bias": "bias",
    }
    assert chosen.left_out["places"].shape == (1, 4, 2)
    assert list(prunable_parameters(Attention(), include=["places"])) == ["places", "linear.weight"]


def test_presets_and_patterns_leave_their_reason():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=4), nn.Linear(4, 2), nn.Linear(2, 2))
    left_out = prunable_parameters(net, "deployment", exclude=["3.*"]).left_out
    assert left_out["0.weight"].reason == "the first convolution, dense in preset 'deployment'"
    assert left_out["1.weight"].reason == "depthwise, dense in preset 'deployment'"
    assert left_out["3.weight"].reason == "excluded by pattern"


class Tied(nn.Module):
    def __init__(self, shared_memory):
        super().__init__()
        self.encoder = nn.Embedding(5, 3)
        self.decoder = nn.Linear(3, 5)
        weight = self.encoder.weight
        self.decoder.weight = nn.Parameter(weight.data) if shared_memory else weight
        self.again = self.decoder


@pytest.mark.parametrize("shared_memory", [False, True])
def test_a_tied_weight_is_chosen_once_whatever_name_a_pattern_uses(shared_memory):
    net = Tied(shared_memory)
    chosen = prunable_parameters(net)
    assert list(chosen) == ["encoder.weight"]
    assert chosen.left_out["decoder.weight"].reason == "the same tensor as 'encoder.weight'"
    assert chosen.left_out["again.weight"].reason == "the same tensor as 'encoder.weight'"
    with pytest.raises(ConfigError, match="leaves nothing to prune"):
        prunable_parameters(net, exclude=["decoder.weight"])


def test_a_weight_tied_to_one_of_another_kind_is_not_lost():
    net = Attention()
    net.linear.weight = nn.Parameter(torch.ones(2, 2))
    net.places = net.linear.weight
    chosen = prunable_parameters(net)
    assert list(chosen) == ["places"]
    assert chosen.left_out["linear.weight"].reason == "the same tensor as 'places'"


@pytest.mark.parametrize(("module", "name"), [(nn.Linear(4, 4), "weight"), (nn.GRU(4, 4), "weight_hh_l0")])
def test_masks_of_torch_are_refused_with_the_remedy(module, name):
    net = nn.Sequential(module)
    prune.l1_unstructured(module, name, 0.5)
    with pytest.raises(ConfigError, match=rf"'0' .*prune\.remove\(module, '{name}'\) first"):
        prunable_parameters(net)
    prune.remove(module, name)
    weight = prunable_parameters(net)[f"0.{name}"]
    assert torch.count_nonzero(weight) == weight.numel() // 2


def test_weights_that_are_computed_are_left_out_with_the_remedy():
    new = nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 3)), nn.Linear(3, 2))
    chosen = prunable_parameters(new)
    assert list(chosen) == ["1.weight"]
    reason = chosen.left_out["0.parametrizations.weight.original1"].reason
    assert "remove_parametrizations first" in reason
    old = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    with pytest.warns(FutureWarning):
        nn.utils.weight_norm(old[0])
    assert "computes its weight" in prunable_parameters(old).left_out["0.weight_v"].reason


class Misnamed(nn.Linear):
    def prunable(self):
        return ["wieght"]


def test_lazy_and_misnamed_parameters_are_refused():
    with pytest.raises(ConfigError, match=r"'0' \(LazyLinear\): 'weight' has no shape yet; run one batch"):
        prunable_parameters(nn.Sequential(nn.LazyLinear(3)))
    with pytest.raises(ConfigError, match="names 'wieght', which is none of its parameters"):
        prunable_parameters(Misnamed(2, 2))
