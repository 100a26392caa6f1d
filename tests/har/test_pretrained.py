"""The model that ships: it is what its report says, within the promised size, and chosen as promised."""

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from har.archive import read_archive
from har.labels import HAR2_LABELS
from har.packing import packed_accuracy
from har.sensor import CHANNELS, COUNTS_PER_UNIT
from tinygmp.graph.ledger import ledger
from tinygmp.report.record import read_report
from tinygmp.shipped import model_path, open_model, shipped_names

FRONTIER = {"har2-512b": 512, "har2-1kb": 1024, "har2-2kb": 2048, "har2-3kb": 3072}
FRONTIER_REPORT = Path(__file__).parents[2] / "docs" / "reports" / "har2_frontier.json"
FOLDER = resources.files("har").joinpath("pretrained")


def test_har2_is_shipped_and_real():
    assert shipped_names() == ("har2", *sorted(FRONTIER))
    model = open_model("har2")
    assert not model.synthetic
    assert model.labels == HAR2_LABELS
    sensor = model.nodes[0].operator
    assert sensor.channel_names == CHANNELS
    assert sensor.counts_per_unit == pytest.approx(COUNTS_PER_UNIT)
    assert ledger(model).payload_bytes <= 1600


def test_its_report_is_about_this_file():
    report = read_report(model_path("har2").parent / "report.json")
    assert report.shipped.payload_bytes == ledger(open_model("har2")).payload_bytes
    assert report.shipped.provenance == dict(open_model("har2").provenance)
    assert not report.data.synthetic


def test_it_was_chosen_on_held_out_people_among_several_seeds():
    seeds = json.loads(FOLDER.joinpath("seeds.json").read_text())
    best = max(seeds["seeds"], key=lambda seed: seed["held_out_accuracy"])
    assert len(seeds["seeds"]) >= 5
    assert best["seed"] == seeds["chosen_on_held_out_people"]
    assert open_model("har2").provenance["seed"] == str(best["seed"])


@pytest.mark.real_data
def test_its_accuracy_on_the_test_people_is_the_reported_one(data_root):
    test = read_archive(data_root / "uci_har").test
    report = read_report(model_path("har2").parent / "report.json")
    assert packed_accuracy(open_model("har2"), test) == pytest.approx(report.shipped.accuracy)
    assert report.shipped.accuracy >= 95.6
    per_person = [
        packed_accuracy(open_model("har2"), test.of_people(np.array([p]))) for p in np.unique(test.people)
    ]
    assert min(per_person) > 80


def first_seed(name: str) -> dict:
    sizes = {size["name"]: size for size in json.loads(FRONTIER_REPORT.read_text())["sizes"]}
    return min(sizes[name]["seeds"], key=lambda seed: seed["seed"])


@pytest.mark.parametrize("name", FRONTIER)
def test_a_taught_model_is_the_first_seed_of_its_report_and_within_its_bytes(name):
    model, reported = open_model(name), first_seed(name)
    assert (model.provenance["seed"], model.nnz) == (str(reported["seed"]), reported["nnz"])
    assert ledger(model).payload_bytes == reported["payload_bytes"] <= FRONTIER[name]


@pytest.mark.real_data
@pytest.mark.parametrize("name", FRONTIER)
def test_its_accuracy_is_the_reported_one_too(data_root, name):
    test = read_archive(data_root / "uci_har").test
    assert packed_accuracy(open_model(name), test) == pytest.approx(first_seed(name)["test_accuracy"])
