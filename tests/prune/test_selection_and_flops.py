import numpy as np
import pytest
import torch
from torch import nn

from tinygmp.errors import ConfigError
from tinygmp.models.fastgrnn import FastGrnnClassifier
from tinygmp.prune.flops import count_flops
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.selection import prunable_parameters
from tinygmp.prune.table import pruning_table


class SmallNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.depthwise = nn.Conv2d(4, 4, 3, groups=4, bias=False)
        self.pointwise = nn.Conv2d(4, 6, 1)
        self.classifier = nn.Linear(6, 3)

    def forward(self, images):
        features = self.pointwise(self.depthwise(self.norm(self.stem(images))))
        return self.classifier(features.mean((2, 3)))


class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.ones(4, 2))
        self.U = nn.Parameter(torch.ones(4, 4))
        self.bias = nn.Parameter(torch.ones(4))

    def prunable(self):
        return ["W", "U"]

    def forward(self, sequence):
        return sequence @ self.W.t() @ self.U


def test_paper_preset_takes_every_matrix_and_no_bias_or_norm():
    assert list(prunable_parameters(SmallNet())) == [
        "stem.weight",
        "depthwise.weight",
        "pointwise.weight",
        "classifier.weight",
    ]


def test_deployment_preset_leaves_stem_and_depthwise():
    assert list(prunable_parameters(SmallNet(), "deployment")) == ["pointwise.weight", "classifier.weight"]


def test_patterns_add_and_remove():
    chosen = prunable_parameters(SmallNet(), "deployment", include=["stem.w*"], exclude=["class*"])
    assert list(chosen) == ["stem.weight", "pointwise.weight"]


def test_cells_declare_their_own_matrices():
    assert list(prunable_parameters(nn.Sequential(Cell(), nn.LSTM(4, 2)))) == [
        "0.W",
        "0.U",
        "1.weight_ih_l0",
        "1.weight_hh_l0",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"preset": "all"}, "preset 'all' is unknown"),
        ({"include": ["conv*"]}, r"include pattern 'conv\*' matches none of"),
        ({"exclude": ["conv*"]}, r"exclude pattern 'conv\*' matches none of"),
        ({"exclude": ["*"]}, "leaves nothing to prune"),
    ],
)
def test_selections_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        prunable_parameters(SmallNet(), **arguments)


def test_multiply_adds_by_hand():
    # 8 x 8 image: stem 4 x 4 outputs, depthwise 2 x 2, pointwise 2 x 2, classifier once
    flops = count_flops(SmallNet(), (1, 8, 8))
    assert {layer.name: layer.multiply_adds for layer in flops.layers} == {
        "stem.weight": 36 * 16,
        "depthwise.weight": 36 * 4,
        "pointwise.weight": 24 * 4,
        "classifier.weight": 18,
    }
    assert flops.multiply_adds == 576 + 144 + 96 + 18


def test_pruned_multiply_adds_by_hand():
    mask = PruneMask({"pointwise.weight": (np.arange(24) < 6).reshape(6, 4, 1, 1)})
    flops = count_flops(SmallNet(), (1, 8, 8), mask)
    assert flops["pointwise.weight"].multiply_adds_kept == 6 * 4
    assert flops.multiply_adds_kept == 834 - 18 * 4
    assert flops.fraction_pruned == pytest.approx(72 / 834)


def test_recurrent_matrices_are_used_every_step():
    flops = count_flops(Cell(), (7, 2))
    assert {layer.name: layer.uses for layer in flops.layers} == {"W": 7, "U": 7}
    gru = count_flops(nn.GRU(3, 5, batch_first=True), (11, 3))
    assert gru.multiply_adds == 11 * (15 * 3 + 15 * 5)


def test_fastgrnn_factors_run_every_step_and_the_classifier_once():
    net = FastGrnnClassifier(inputs=9, hidden=80, classes=2, w_rank=9, u_rank=8)
    assert list(prunable_parameters(net)) == ["W1", "W2", "U1", "U2", "classifier"]
    flops = count_flops(net, (128, 9))
    assert flops.multiply_adds == 128 * (9 * (80 + 9) + 8 * (80 + 80)) + 2 * 80


def test_counting_leaves_the_module_as_it_was():
    net = SmallNet().train()
    before = net.norm.running_mean.clone()
    count_flops(net, (1, 8, 8))
    assert net.training
    assert torch.equal(net.norm.running_mean, before)
    assert not net.stem._forward_hooks


def test_table_shows_layers_totals_and_dense_ones():
    net = SmallNet()
    mask = global_magnitude_mask(prunable_parameters(net, "deployment"), 0.5)
    lines = pruning_table(mask, count_flops(net, (1, 8, 8), mask)).splitlines()
    assert lines[0].split() == [
        "layer",
        "shape",
        "weights",
        "kept",
        "sparsity",
        "%",
        "multiply-adds",
        "kept",
        "kept",
        "%",
    ]
    assert lines[1].split() == [
        "stem.weight",
        "(dense)",
        "4",
        "x",
        "1",
        "x",
        "3",
        "x",
        "3",
        "36",
        "36",
        "0.00",
        "576",
        "576",
        "100.00",
    ]
    assert lines[-1].split()[:5] == ["prunable,", "all", "42", "21", "50.00"]
    assert len(pruning_table(mask).splitlines()) == 4
