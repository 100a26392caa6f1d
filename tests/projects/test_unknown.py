"""'None of these': the limit lets the asked share pass, others are counted, and a class is kept unseen in turn."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinygmp.device.host import run_on_host
from tinygmp.errors import ConfigError, DataError
from tinygmp.graph.file import load_model
from tinygmp.graph.reference.run import run
from tinygmp.graph.reject import NONE
from tinygmp.projects.candidates import Wanted
from tinygmp.projects.fitting import fit
from tinygmp.projects.prepared import prepare
from tinygmp.projects.recipe import open_recipe
from tinygmp.projects.training import Trainer, pack
from tinygmp.projects.unknown import measured_unknown, rejecting, without_class
from tinygmp.report.fits import read_fits

WANTED = Wanted("nucleo-g071rb", 100, hidden=(8,), sparsities=(0.6,), bits=("8",))


@pytest.fixture(scope="module")
def trained(make_quick, tmp_path_factory):
    """A trainer and its packed model."""
    folder = tmp_path_factory.mktemp("unknown")
    prepared = prepare(open_recipe(make_quick(folder)))
    trainer = Trainer(prepared, folder / "run")
    network = trainer.train("pruned", trainer.fresh(), trainer.settings(dense=False))
    return trainer, pack(prepared, network.graph)


@pytest.mark.parametrize("share", [0.5, 0.8, 1.0])
def test_the_asked_share_of_held_out_windows_passes_and_no_more(trained, share):
    trainer, model = trained
    prepared = trainer.prepared
    held_out = prepared.counts(prepared.parts.held_out)
    found = rejecting(prepared, model, share)
    assert np.mean(run(found, held_out).answers != NONE) >= share
    tighter = replace(found, reject=replace(found.reject, limit=found.reject.limit - 1))
    assert np.mean(run(tighter, held_out).answers != NONE) < share


def test_what_is_like_nothing_is_refused_and_a_class_is_kept_unseen_in_turn(trained, tmp_path):
    trainer, model = trained
    found = rejecting(trainer.prepared, model, 0.9)
    shares = measured_unknown(trainer, found, 0.9, None)
    assert list(shares.false_accept_shares) == ["circle", "idle", "shake"]
    assert shares.kept_unseen
    assert all(0 <= share <= 1 for share in shares.false_accept_shares.values())
    test = trainer.prepared.counts(trainer.prepared.parts.test)
    assert shares.false_reject_share == pytest.approx(np.mean(run(found, test).answers == NONE))
    rng, head = np.random.default_rng(0), "time_ms,ax,ay,az,gx,gy,gz\n"
    rows = [f"{20 * row}," + ",".join(f"{value:.3f}" for value in rng.normal(0, 50, 6)) for row in range(60)]
    (tmp_path / "wild.csv").write_text(head + "\n".join(rows))
    wild = measured_unknown(trainer, found, 0.9, tmp_path)
    assert list(wild.false_accept_shares) == [tmp_path.name]
    assert not wild.kept_unseen
    (tmp_path / "wild.csv").write_text(head + "\n".join(rows[:10]))
    with pytest.raises(DataError, match="holds no recording of 20 rows"):
        measured_unknown(trainer, found, 0.9, tmp_path)


def test_without_a_class_nothing_of_it_is_left(trained):
    prepared = trained[0].prepared
    fewer = without_class(prepared, 1)
    assert fewer.data.classes == ("circle", "shake")
    assert set(fewer.parts.train.labels) == {0, 1}
    assert len(fewer.parts.train) == (prepared.parts.train.labels != 1).sum()


def test_fit_builds_and_reports_a_model_that_rejects(quick_recipe, tmp_path):
    found = fit(open_recipe(quick_recipe), replace(WANTED, reject=0.9), tmp_path)
    model = load_model(tmp_path / "fit" / "nucleo-g071rb" / "model.tgmp")
    assert model.reject.limit == found.unknown.threshold
    assert read_fits(tmp_path) == (found,)
    assert (
        json.loads((tmp_path / "fit" / "nucleo-g071rb" / "fit.json").read_text())["unknown"]["passing_share"]
        == 0.9
    )
    prepared = prepare(open_recipe(quick_recipe))
    counts = prepared.counts(prepared.parts.test)
    from converters.base import converter

    assert np.array_equal(run_on_host(converter("c")(model), counts).classes, run(model, counts).answers)
    plain = fit(open_recipe(quick_recipe), WANTED, tmp_path / "plain")
    assert plain.unknown is None
    assert plain.variants[0].flash_bytes < found.variants[0].flash_bytes  # every byte counts


def test_a_wrong_wish_is_told():
    with pytest.raises(ConfigError, match=r"--reject 1.5.*0.5..1"):
        replace(WANTED, reject=1.5)
    with pytest.raises(ConfigError, match="--unknown measures --reject"):
        replace(WANTED, unknown="somewhere")
