"""Files and folders of others to packed models that answer as the float networks do, on the device too."""

import numpy as np
import pytest
import torch
from torch import nn

from converters.to_c.convert import convert
from tests.readers.edgeml_folder import write_folder, write_grown, write_windows
from tinygmp.data.calibration import open_source
from tinygmp.device.board import find_board
from tinygmp.device.lab import measure
from tinygmp.device.words import reference_of
from tinygmp.errors import ConfigError, DataError
from tinygmp.graph.ledger import ledger
from tinygmp.graph.reference.run import run
from tinygmp.pack.fidelity import Limits
from tinygmp.pack.settings import PackSettings
from tinygmp.projects.pack_file import PackWish, pack_file
from tinygmp.projects.sensor_of_file import with_counts
from tinygmp.readers.edgeml import load_edgeml
from tinygmp.readers.load import Meaning, load_graph

COUNTS = (1000.0,)


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A network whose state grows, with windows of its training's kind."""
    folder = tmp_path_factory.mktemp("edgeml") / "grown"
    write_grown(folder)
    return folder, write_windows(folder, windows=3000, steps=64, seed=11)


def test_a_state_that_grows_keeps_its_classes_on_the_uno(grown):
    folder, windows = grown
    packed = pack_file(
        folder, windows, PackWish(counts_per_unit=COUNTS, settings=PackSettings(state_bits=16))
    )
    graph, source, _ = with_counts(folder, load_edgeml(folder), open_source(windows), COUNTS)
    counts = source.arrays["counts"][::3]
    expected = graph.logits(counts).argmax(axis=1)
    assert (run(packed.model, counts).classes == expected).mean() >= 0.99
    assert (packed.fidelity.agreement or 0) >= 0.99
    uno = find_board("arduino-uno")
    report = measure(convert(packed.model), uno, counts[:2, :12], reference_of(packed.model), "smallest")
    assert report.parity is not None
    assert report.parity.exact
    assert (report.cycles_per_step or 1e9) <= 25_000


def test_bits_are_chosen_by_what_they_keep(grown):
    folder, windows = grown
    strict = PackWish(counts_per_unit=COUNTS, limits=Limits(agreement=1.0))
    cells = {bits: pack_file(folder, windows, PackWish(counts_per_unit=COUNTS, settings=PackSettings(state_bits=bits)))
             for bits in (8, 16)}  # fmt: skip
    wide = pack_file(folder, windows, strict)
    assert wide.model.node("rnn").operator.state_bits == 16  # 8 bits lose some classes, so no 100 %
    assert cells[16].fidelity.output_error < cells[8].fidelity.output_error
    assert wide.model.provenance["packing"] == wide.fidelity.sentence()


def test_windows_of_reals_want_to_know_what_the_sensor_counts(tmp_path):
    write_folder(tmp_path / "net")
    windows = write_windows(tmp_path / "net")
    with pytest.raises(
        ConfigError, match=r"holds reals, a device reads counts; say how many .* --counts-per-unit"
    ):
        pack_file(tmp_path / "net", windows)
    np.save(tmp_path / "few.npy", np.zeros((9, 8)))
    with pytest.raises(DataError, match=r"is \(9, 8\), expected \[windows, steps, 3\], or rows of the class"):
        pack_file(tmp_path / "net", tmp_path / "few.npy", PackWish(counts_per_unit=COUNTS))
    counts = np.random.default_rng(0).integers(-2000, 2000, (40, 20, 3))
    np.save(tmp_path / "counts.npy", counts)  # whole numbers are counts already
    assert pack_file(tmp_path / "net", tmp_path / "counts.npy").samples == 40


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """A small network of maps as a program of torch.export, and samples in torch's layout."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4)
    ).eval()
    folder = tmp_path_factory.mktemp("maps")
    net[4].weight.data *= 8  # answers that differ
    x = torch.randn(80, 2, 7, 5) + torch.randn(80, 2, 1, 1)
    torch.export.save(torch.export.export(net, (x[:1],)), folder / "net.pt2")
    with torch.no_grad():
        return folder, x.numpy(), net(x).numpy()


@pytest.mark.parametrize("layout", ["channels first", "channels last", "flat"])
def test_samples_come_in_the_file_s_layout_or_channels_last(maps, tmp_path, layout):
    folder, x, expected = maps
    arranged = {"channels first": x, "channels last": x.transpose(0, 2, 3, 1), "flat": x.reshape(len(x), -1)}[
        layout
    ]
    np.savez(tmp_path / "samples.npz", x=arranged, labels=expected.argmax(axis=1))
    packed = pack_file(folder / "net.pt2", tmp_path / "samples.npz", PackWish(limits=Limits(0.8)))
    graph = load_graph(folder / "net.pt2", Meaning(reals=True))
    np.testing.assert_allclose(graph.logits(x.transpose(0, 2, 3, 1)), expected, atol=1e-5)
    assert packed.fidelity.accuracy_float == 1.0
    assert packed.fidelity.output_error < 0.15
    assert packed.meaning.reals


def test_pruning_is_told_apart_from_packing(maps, tmp_path):
    folder, x, _ = maps
    np.save(tmp_path / "samples.npy", x)
    packed = pack_file(folder / "net.pt2", tmp_path / "samples.npy", PackWish(sparsity=0.5))
    assert 0 < packed.model.nnz <= (6 * 2 * 9 + 4 * 6) // 2
    assert packed.pruning_cost is not None
    assert packed.pruning_cost.output_error > packed.fidelity.output_error


def test_class_names_come_with_samples_by_name(maps, tmp_path):
    folder, x, expected = maps
    names = np.array(["cup", "bowl", "plate", "fork"])  # in the network's order, which a table does not know
    np.savez(tmp_path / "named.npz", x=x, y=names[expected.argmax(axis=1)])
    wish = PackWish(labels=tuple(names), limits=Limits(0.5))
    assert pack_file(folder / "net.pt2", tmp_path / "named.npz", wish).fidelity.accuracy_float == 1.0


def test_a_number_or_a_copy_of_the_input_is_no_class(tmp_path):
    torch.manual_seed(0)
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(60, 5)))
    for outputs in (1, 5):
        net = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, outputs)).eval()
        net[2].weight.data *= 8
        torch.export.save(torch.export.export(net, (torch.zeros(1, 5),)), tmp_path / "net.pt2")
        packed = pack_file(tmp_path / "net.pt2", tmp_path / "x.npy", PackWish(limits=Limits(error=0.2)))
        assert packed.model.labels == ()
        assert packed.fidelity.agreement is None
        assert packed.fidelity.holds
        tight = pack_file(tmp_path / "net.pt2", tmp_path / "x.npy", PackWish(limits=Limits(error=1e-6)))
        assert not tight.fidelity.holds
        assert max(tight.fidelity.losses.values()) == next(iter(tight.fidelity.losses.values())) > 0


def test_targets_that_cannot_take_the_model_are_named(tmp_path):
    write_folder(tmp_path / "net", classes=33)
    np.save(tmp_path / "windows.npy", np.random.default_rng(0).integers(-2000, 2000, (40, 20, 3)))
    packed = pack_file(tmp_path / "net", tmp_path / "windows.npy")
    assert set(packed.refused) == {"c"}
    assert "has 33 classes, the C engine holds 32" in packed.refused["c"]


def test_finer_scales_are_taken_where_classes_are_lost(tmp_path):
    """A mean over a map of noise is far smaller than the map, whose range it would share."""
    torch.manual_seed(3)
    net = nn.Sequential(
        nn.Conv2d(2, 8, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)
    ).eval()
    net[0].bias.data.zero_()
    net[3].bias.data.zero_()
    torch.export.save(torch.export.export(net, (torch.zeros(1, 2, 16, 16),)), tmp_path / "net.pt2")
    np.save(tmp_path / "noise.npy", np.random.default_rng(0).normal(size=(300, 2, 16, 16)).astype(np.float32))
    wanted = {share: PackWish(limits=Limits(share)) for share in (0.0, 1.0)}
    usual, finer = (pack_file(tmp_path / "net.pt2", tmp_path / "noise.npy", wish) for wish in wanted.values())
    assert finer.fidelity.output_error < 0.5 * usual.fidelity.output_error
    mean = next(node for node in finer.model.nodes if node.name == "pool")
    assert finer.model.values[mean.writes[0]].scale < 0.5 * finer.model.values[mean.reads[0]].scale
    assert (usual.model.output.dtype, finer.model.output.dtype) == ("int8", "int32")
    assert finer.refused == usual.refused == {}


def test_sums_are_the_answer_where_rounding_it_loses_classes(tmp_path):
    """Outputs so near to one another that int8 cannot tell which is largest, behind an exact input."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 40)).eval()
    torch.export.save(torch.export.export(net, (torch.zeros(1, 64),)), tmp_path / "net.pt2")
    np.save(tmp_path / "noise.npy", np.random.default_rng(0).normal(size=(400, 64)).astype(np.float32))
    packed = pack_file(tmp_path / "net.pt2", tmp_path / "noise.npy")
    usual = pack_file(tmp_path / "net.pt2", tmp_path / "noise.npy", PackWish(limits=Limits(0.0)))
    assert (usual.model.output.dtype, packed.model.output.dtype) == ("int8", "int32")
    assert packed.fidelity.agreement > usual.fidelity.agreement
    assert ledger(packed.model).payload_bytes < ledger(usual.model).payload_bytes
    assert packed.refused == {}
