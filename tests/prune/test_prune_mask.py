import numpy as np
import pytest
import torch
from torch import nn

from tinygmp.errors import ConfigError
from tinygmp.prune.mask import PruneMask, mask_of_nonzeros

KEPT = np.array([[True, False], [False, False]])


def test_counts_and_sparsity_of_a_hand_written_mask():
    mask = PruneMask({"w": KEPT, "v": np.array([True, True, False, False])})
    assert (mask.nnz, mask.size, mask.sparsity) == (3, 8, 5 / 8)
    assert mask.layer_nnz() == {"w": 1, "v": 2}


def test_arrays_cannot_be_written():
    mask = PruneMask({"w": KEPT.copy()})
    with pytest.raises(ValueError, match="read-only"):
        mask["w"][0, 0] = False


def test_apply_zeroes_a_copy_and_leaves_other_names_alone():
    weights = {"w": np.full((2, 2), 3, np.float32), "bias": np.ones(2, np.float32)}
    masked = PruneMask({"w": KEPT}).apply(weights)
    assert masked["w"].tolist() == [[3, 0], [0, 0]]
    assert masked["w"].dtype == np.float32
    assert masked["bias"] is weights["bias"]
    assert weights["w"].min() == 3


def test_module_and_gradients_are_masked_in_place():
    layer = nn.Linear(2, 2)
    mask = PruneMask({"weight": KEPT})
    layer(torch.ones(1, 2)).sum().backward()
    mask.apply_(layer)
    mask.mask_gradients(layer)
    assert torch.count_nonzero(layer.weight) == 1
    assert torch.count_nonzero(layer.weight.grad) == 1
    assert torch.count_nonzero(layer.bias.grad) == 2


def test_intersection_and_subset():
    other = PruneMask({"w": np.array([[True, True], [False, True]])})
    mask = PruneMask({"w": KEPT})
    assert mask.is_subset(other)
    assert not other.is_subset(mask)
    assert mask.intersect(other) == mask
    assert mask != other


def test_mask_of_nonzeros():
    assert mask_of_nonzeros({"w": np.array([0.0, -0.0, 1e-30])})["w"].tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: PruneMask({}), "without parameters"),
        (lambda: PruneMask({"w": np.ones(2)}), "'w' is float64, expected a bool array"),
        (lambda: PruneMask({"w": KEPT})["x"], "holds no 'x'"),
        (lambda: PruneMask({"w": KEPT}).apply({"x": KEPT}), "which the weights lack"),
        (lambda: PruneMask({"w": KEPT}).apply({"w": np.ones(4)}), r"shape \(2, 2\), the weight \(4,\)"),
    ],
)
def test_misuse_is_refused_by_name(act, message):
    with pytest.raises(ConfigError, match=message):
        act()
