import pytest
import torch

from tinygmp.errors import ConfigError
from tinygmp.models.paper_networks import build_network
from tinygmp.projects.reproduce import CLASSES
from tinygmp.prune.minimum import MinimumShare
from tinygmp.prune.selection import prunable_parameters
from tinygmp.recipes.recipe import read_recipe, recipe, recipe_rows
from tinygmp.train.run_recipe import minimum_of, pruner_of, scaled_settings

MINIMAL = """
row = "x"
table = "t"
source = "s"
data = "har-2"
[model]
name = "fastgrnn"
[prune]
method = "one-shot"
sparsity = 0.9
[train]
epochs = 3
batch_size = 10
optimiser = "adam"
learning_rate = 0.01
[expected]
accuracy = 90.0
"""


@pytest.mark.parametrize("row", recipe_rows())
def test_every_row_is_consistent_and_its_network_and_pruner_can_be_built(row):
    chosen = recipe(row)
    assert chosen.row == row
    if chosen.starts_from is not None:
        dense = recipe(chosen.starts_from)
        assert dense.prune.method == "none"
        assert (dense.model, dense.data) == (chosen.model, chosen.data)
    with torch.device("meta"):
        network = build_network(chosen.model.name, CLASSES[chosen.data], chosen.model.options)
    pruner = pruner_of(chosen, network, 10)
    assert (pruner is None) == (chosen.prune.method == "none")
    if chosen.expected.sparsity is not None:
        assert round(100 * chosen.prune.sparsity, 4) == chosen.expected.sparsity


def test_the_papers_tables_are_complete():
    rows = set(recipe_rows())
    assert {"mobilenet-v1-75", "mobilenet-v1-90", "mobilenet-v1-90-minimum"} <= rows
    for percent in ("80", "90", "95_3", "98_05"):
        assert {f"resnet-50-{percent}", f"resnet-50-{percent}-gradual"} <= rows
    assert {"wrn-28-8-90", "wrn-28-8-95", "wrn-28-8-97_5", "resnet-32-90", "resnet-32-95"} <= rows
    assert {"mobilenet-v2-98", "mobilenet-v2-98-minimum", "wrn-22-8-99_9-minimum"} <= rows
    assert {"fastgrnn-ranks-9-8", "fastgrnn-ranks-9-7", "fastgrnn-ranks-8-7"} <= rows


def test_minimum_of_mobilenet_v1_leaves_the_papers_layers_dense():
    chosen = recipe("mobilenet-v1-90-minimum")
    with torch.device("meta"):
        weights = prunable_parameters(build_network("mobilenet-v1", 1000))
    sizes = {name: weight.numel() for name, weight in weights.items()}
    minimum = minimum_of(chosen.prune)
    assert minimum == MinimumShare(0.002)
    dense = {name for name, floor in minimum.floors(sizes).items() if floor == sizes[name]}
    assert dense == {
        "stem.0.weight",
        *(f"blocks.{block}.depthwise.0.weight" for block in range(12)),
        *(f"blocks.{block}.pointwise.0.weight" for block in range(2)),
    }


def test_fewer_epochs_shrink_the_warm_up():
    settings = scaled_settings(recipe("mobilenet-v1-dense"), 20, seed=3)
    assert (settings.epochs, settings.warmup_epochs, settings.seed) == (20, 1, 3)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sparsity = 0.9", "sparsity = 1.0", r"'prune.sparsity' is 1.0: Input should be less than 1"),
        ("sparsity = 0.9", "sparsty = 0.9", "'prune.sparsty'"),
        ("sparsity = 0.9", "", "needs a sparsity above 0"),
        ('method = "one-shot"', 'method = "gradual"', "end later"),
        ('method = "one-shot"', 'method = "ranks"', "w_rank and u_rank belong"),
        ("sparsity = 0.9", "sparsity = 0.9\nminimum_share = 0.1\nminimum_weights = 3", "give one"),
        ('"fastgrnn"', '"vgg"', "'model.name' is 'vgg'"),
        ("[prune]", "[prune", "not valid TOML"),
    ],
)
def test_faulty_recipes_name_file_key_and_value(tmp_path, old, new, message):
    path = tmp_path / "faulty.toml"
    path.write_text(MINIMAL.replace(old, new))
    with pytest.raises(ConfigError, match=r"faulty.toml.*" + message):
        read_recipe(path)


def test_unknown_rows_networks_and_options_are_refused():
    with pytest.raises(ConfigError, match="row 'alexnet' is unknown; rows: fastgrnn-dense"):
        recipe("alexnet")
    with pytest.raises(ConfigError, match="network 'vgg' is unknown"):
        build_network("vgg", 10)
    with pytest.raises(ConfigError, match="does not take options"):
        build_network("resnet-50", 10, {"width": 2})
