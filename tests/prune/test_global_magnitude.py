import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import nn
from torch.nn.utils import prune as torch_prune

from tinygmp.errors import ConfigError
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.minimum import MinimumShare, MinimumWeights


@st.composite
def networks(draw, elements=None):
    """A few small layers, values on a coarse grid so that ties and zeros are common."""
    elements = elements or st.integers(-6, 6).map(lambda value: value / 4)
    shapes = draw(st.lists(hnp.array_shapes(min_dims=1, max_dims=3, max_side=6), min_size=1, max_size=4))
    return {
        f"layer{i}": draw(hnp.arrays(np.float32, shape, elements=elements)) for i, shape in enumerate(shapes)
    }


sparsities = st.floats(0, 0.999)


def kept(mask):
    return {name: array.astype(int).tolist() for name, array in mask.kept.items()}


def test_hand_worked_ranking_crosses_layers():
    weights = {"a": np.array([[0.1, -5.0]]), "b": np.array([1.0, -0.2, 0.3])}
    assert kept(global_magnitude_mask(weights, 0.6)) == {"a": [[0, 1]], "b": [1, 0, 0]}


def test_ties_prune_the_later_name_and_position_first():
    weights = {"b": np.array([1.0, 1.0, 1.0]), "a": np.array([1.0, -1.0])}
    assert kept(global_magnitude_mask(weights, 0.4)) == {"b": [1, 0, 0], "a": [1, 1]}
    assert kept(global_magnitude_mask(weights, 0.8)) == {"b": [0, 0, 0], "a": [1, 0]}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("sparsity", [0.3, 0.9, 0.987])
def test_equals_torch_global_unstructured_without_ties(seed, sparsity):
    torch.manual_seed(seed)
    sizes = torch.randint(3, 40, (4,)).tolist()
    model = nn.Sequential(
        nn.Conv2d(3, sizes[0], 3),
        nn.Conv2d(sizes[0], sizes[1], (1, 5)),
        nn.Linear(sizes[1], sizes[2]),
        nn.Linear(sizes[2], sizes[3]),
    )
    _make_magnitudes_distinct(model)
    magnitudes = torch.cat([layer.weight.abs().flatten() for layer in model])
    assert len(magnitudes.unique()) == len(magnitudes)
    mask = global_magnitude_mask({f"{i}.weight": model[i].weight for i in range(4)}, sparsity)
    torch_prune.global_unstructured(
        [(layer, "weight") for layer in model], torch_prune.L1Unstructured, amount=sparsity
    )
    for i, layer in enumerate(model):
        np.testing.assert_array_equal(mask[f"{i}.weight"], layer.weight_mask.numpy() != 0)


def _make_magnitudes_distinct(model):
    """Replace every magnitude by its place in the order of all, layers scaled apart; signs stay."""
    with torch.no_grad():
        scaled = [layer.weight * (torch.rand(1) + 0.1) for layer in model]
        places = torch.cat([weight.abs().flatten() for weight in scaled]).argsort().argsort() + 1.0
        for layer, weight in zip(model, scaled, strict=True):
            part, places = places[: weight.numel()], places[weight.numel() :]
            layer.weight.copy_(torch.where(weight < 0, -1.0, 1.0) * part.view_as(weight))


@given(networks(), sparsities)
def test_count_is_exact_with_ties(weights, sparsity):
    total = sum(array.size for array in weights.values())
    assert global_magnitude_mask(weights, sparsity).nnz == total - round(sparsity * total)


@given(networks(), sparsities)
def test_every_kept_weight_is_at_least_every_pruned_one(weights, sparsity):
    mask = global_magnitude_mask(weights, sparsity)
    alive = [abs(weights[name][array]) for name, array in mask.kept.items()]
    gone = [abs(weights[name][~array]) for name, array in mask.kept.items()]
    assert min(np.concatenate(alive), default=np.inf) >= max(np.concatenate(gone), default=0)


@given(networks(), sparsities)
def test_order_of_the_mapping_does_not_matter(weights, sparsity):
    backwards = dict(reversed(weights.items()))
    assert global_magnitude_mask(weights, sparsity) == global_magnitude_mask(backwards, sparsity)


@given(networks(), sparsities, st.integers(0, 5))
def test_idempotent_on_masked_weights(weights, sparsity, minimum):
    room = sum(min(array.size, minimum) for array in weights.values())
    total = sum(array.size for array in weights.values())
    if room > total - round(sparsity * total):
        return
    mask = global_magnitude_mask(weights, sparsity, minimum)
    again = global_magnitude_mask(mask.apply(weights), sparsity, minimum)
    for name, array in mask.apply(weights).items():
        np.testing.assert_array_equal(np.where(again[name], array, 0), array)


@given(networks(), sparsities, st.integers(0, 8))
def test_minimum_is_kept_and_the_budget_redistributed_exactly(weights, sparsity, minimum):
    total = sum(array.size for array in weights.values())
    budget = total - round(sparsity * total)
    floors = {name: min(array.size, minimum) for name, array in weights.items()}
    if sum(floors.values()) > budget:
        with pytest.raises(ConfigError, match="lower the minimum"):
            global_magnitude_mask(weights, sparsity, minimum)
        return
    mask = global_magnitude_mask(weights, sparsity, minimum)
    assert mask.nnz == budget
    assert all(nnz >= floors[name] for name, nnz in mask.layer_nnz().items())
    _assert_reranked(weights, mask, floors)


def _assert_reranked(weights, mask, floors):
    """Brute force: protect each layer's largest, then rank what is left, by the documented order."""
    order = sorted(
        (abs(float(value)), -rank, -position, name)
        for rank, name in enumerate(sorted(weights))
        for position, value in enumerate(weights[name].reshape(-1))
    )
    expected = {name: np.ones(array.size, bool) for name, array in weights.items()}
    left = {name: array.size for name, array in weights.items()}
    to_prune = sum(left.values()) - mask.nnz
    for _, _, position, name in order:
        if to_prune and left[name] > floors[name]:
            expected[name][-position] = False
            left[name] -= 1
            to_prune -= 1
    for name, array in expected.items():
        np.testing.assert_array_equal(mask[name].reshape(-1), array)


@given(networks(), st.lists(sparsities, min_size=2, max_size=5), st.integers(0, 3))
@settings(max_examples=50)
def test_monotone_masks_only_shrink_while_weights_change(weights, steps, minimum):
    rng = np.random.default_rng(0)
    total = sum(array.size for array in weights.values())
    mask = None
    for sparsity in sorted(steps):
        if sum(min(a.size, minimum) for a in weights.values()) > total - round(sparsity * total):
            return
        renewed = global_magnitude_mask(weights, sparsity, minimum, previous=mask)
        assert renewed.nnz == total - round(sparsity * total)
        assert mask is None or renewed.is_subset(mask)
        mask = renewed
        weights = {name: rng.permuted(array) + 0.5 for name, array in weights.items()}


def test_free_mask_revives_and_monotone_mask_does_not():
    before, after = {"a": np.array([1.0, 3.0, 2.0, 4.0])}, {"a": np.array([9.0, 3.0, 2.0, 4.0])}
    first = global_magnitude_mask(before, 0.25)
    assert kept(global_magnitude_mask(after, 0.5)) == {"a": [1, 0, 0, 1]}
    assert kept(global_magnitude_mask(after, 0.5, previous=first)) == {"a": [0, 1, 0, 1]}


def test_large_layers_span_chunks_and_the_sample_may_mislead():
    # the largest weights sit where a strided sample does not look
    weights = {"a": np.tile(np.array([1.0, 2.0, 3.0, 4.0, 5.0], np.float32), 200_000)}
    weights["a"][::5][:100_000] = 6.0
    mask = global_magnitude_mask(weights, 0.5)
    assert mask.nnz == 500_000
    assert weights["a"][mask["a"]].min() >= weights["a"][~mask["a"]].max()


def test_threshold_units_of_the_paper_and_of_the_published_code():
    sizes = {"stem": 864, "rest": 4_208_224}
    assert MinimumShare(0.002).weights(4_209_088) == 8_418
    assert MinimumShare(0.002).floors(sizes) == {"stem": 864, "rest": 8_418}
    assert MinimumWeights(8_418).floors(sizes) == {"stem": 864, "rest": 8_418}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_torch_types_agree_with_numpy(dtype):
    tensor = torch.arange(-8, 8).reshape(2, 8).to(dtype)
    mask = global_magnitude_mask({"w": tensor.t()}, 0.5)  # not contiguous
    np.testing.assert_array_equal(mask["w"], (np.abs(np.arange(-8, 8)).reshape(2, 8) > 4).T | _tie(tensor))


def _tie(tensor):
    """|-4| and |4| tie at the cut: row 0 column 4 of the transposed view comes first and stays."""
    expected = np.zeros((8, 2), bool)
    expected[4, 0] = True
    return expected


@pytest.mark.parametrize(
    ("weights", "sparsity", "minimum", "message"),
    [
        ({}, 0.5, None, "no weights to prune"),
        ({"a": np.array([])}, 0.5, None, "'a' has no elements"),
        ({"a": np.array([1.0, np.nan])}, 0.5, None, "'a' is nan at flat position 1"),
        ({"a": np.array([np.inf])}, 0.5, None, "'a' is inf"),
        ({"a": np.ones(4)}, 1.0, None, r"sparsity 1.0 is outside \[0, 1\)"),
        ({"a": np.ones(4)}, -0.1, None, r"outside \[0, 1\)"),
        ({"a": np.ones(4)}, float("nan"), None, r"outside \[0, 1\)"),
        ({"a": np.ones(4), "b": np.ones(4)}, 0.75, 2, "keep at least 4 weights together.*leaves 2 of 8"),
        ({"a": np.ones(4)}, 0.5, -1, "below 0"),
        ({"a": np.ones(4)}, 0.5, 0.02, r"say MinimumShare\(0.02\)"),
    ],
)
def test_bad_input_is_refused_by_name(weights, sparsity, minimum, message):
    with pytest.raises(ConfigError, match=message):
        global_magnitude_mask(weights, sparsity, minimum)


def test_previous_mask_that_keeps_less_is_refused():
    with pytest.raises(ConfigError, match="raise the sparsity"):
        global_magnitude_mask({"a": np.ones(4)}, 0.25, previous=PruneMask({"a": np.array([1, 0, 0, 0]) > 0}))


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_share_outside_its_range_is_refused(share):
    with pytest.raises(ConfigError, match=r"outside 0\.\.1"):
        MinimumShare(share)


@pytest.mark.parametrize("minimum", [None, MinimumShare(0.001)])
def test_no_second_copy_of_the_weights_is_made(minimum):
    rng = np.random.default_rng(0)
    weights = {f"layer{i}": rng.standard_normal(500_000, np.float32) / (i + 1) for i in range(8)}
    tracemalloc.start()
    mask = global_magnitude_mask(weights, 0.9, minimum)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert mask.nnz == 400_000
    assert peak_bytes < mask.size + 3_000_000  # one byte a mask element, a sample and the bracket's content
