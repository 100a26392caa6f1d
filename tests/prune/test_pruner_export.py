"""Zeros of a training loop arrive in the float graph that is packed, one for one."""

import numpy as np
import pytest
import torch
from torch import nn

from tinygmp.prune.mask_makers import by_criterion
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.schedule import OneShotSchedule
from tinygmp.prune.selection import prunable_parameters
from tinygmp.readers.torch_export import exported


class Steps(nn.Module):
    """A recurrent cell and a classifier of its last step."""

    def __init__(self, kind):
        super().__init__()
        torch.manual_seed(0)
        self.cell, self.classifier = kind(3, 12, batch_first=True), nn.Linear(12, 2)

    def forward(self, x):
        return self.classifier(self.cell(x)[0][:, -1])


def convolutions():
    torch.manual_seed(0)
    layers = [nn.Conv1d(3, 8, 3), nn.BatchNorm1d(8), nn.ReLU(), nn.Conv1d(8, 8, 3, groups=8), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 2))


@pytest.mark.parametrize("make", [lambda: Steps(nn.GRU), lambda: Steps(nn.LSTM), convolutions])
def test_the_exported_graph_holds_the_mask(make):
    network = make().eval()
    pruner = Pruner(prunable_parameters(network), OneShotSchedule(0.8), by_criterion(minimum=4))
    pruner.begin_epoch(0)
    pruner.end()
    shape = (20, 3) if isinstance(network, Steps) else (3, 20)
    graph = exported(network, [shape])
    stored = [int(np.count_nonzero(matrix)) for matrix in graph.prunable().values()]
    assert stored == list(pruner.mask.layer_nnz().values())
    assert sum(stored) == graph.nnz == pruner.mask.nnz
