"""Pruning further and fitting a board: what is chosen fits, is what was scored, and is not trained twice."""

import json

import numpy as np
import pytest

from tinygmp.budget.packed import budget
from tinygmp.budget.result import Reserve
from tinygmp.errors import ConfigError, MissingToolError
from tinygmp.graph.file import load_model
from tinygmp.graph.reference.run import run
from tinygmp.projects import fitting, further
from tinygmp.projects.candidates import Wanted, sizes_of
from tinygmp.projects.prepared import prepare
from tinygmp.projects.recipe import open_recipe

BOARD = "nucleo-g071rb"


@pytest.fixture(scope="module")
def fitted(recordings, make_quick, tmp_path_factory):
    """A fit of few small variants that takes any accuracy: opened recipe, folder, result, and the steps told."""
    folder = tmp_path_factory.mktemp("fit")
    opened, told = open_recipe(make_quick(folder)), []
    wanted = Wanted(BOARD, 100, hidden=(16,), sparsities=(0.7, 0.4), bits=("8", "4"))
    found = fitting.fit(
        opened, wanted, folder / "run", lambda what, done, total: told.append((what, done, total))
    )
    return opened, folder / "run", found, told


def test_the_choice_fits_and_its_figures_are_those_of_its_file(fitted):
    opened, folder, found, _ = fitted
    chosen = next(one for one in found.variants if one.name == found.chosen)
    assert chosen.flash_bytes == min(one.flash_bytes for one in found.variants)
    model = load_model(folder / "fit" / BOARD / "model.tgmp")
    prepared = prepare(opened)
    answers = run(model, prepared.counts(prepared.parts.held_out)).classes
    assert 100 * np.mean(answers == prepared.parts.held_out.labels) == pytest.approx(chosen.accuracy)
    answers = run(model, prepared.counts(prepared.parts.test)).classes
    assert 100 * np.mean(answers == prepared.parts.test.labels) == pytest.approx(found.test_accuracy)
    built = budget(model, [BOARD]).boards[0]
    assert (built.flash_bytes, built.fits) == (chosen.flash_bytes, chosen.fits)
    assert model.nnz == chosen.nnz


def test_every_variant_is_there_once(fitted):
    _, _, found, _ = fitted
    assert {(one.hidden, round(one.sparsity, 1), one.bits) for one in found.variants} == {
        (16, sparsity, bits) for sparsity in (0.4, 0.7) for bits in ("8", "4")
    }
    assert len({one.name for one in found.variants}) == 4
    for one in found.variants:
        assert ("codebook16" in one.formats) == (one.bits == "4")
    sizes = {(round(one.sparsity, 1), one.bits): one.payload_bytes for one in found.variants}
    assert sizes[0.7, "8"] < sizes[0.4, "8"]


def test_the_results_are_written(fitted):
    _, folder, found, told = fitted
    written = json.loads((folder / "fit" / BOARD / "fit.json").read_text())
    assert written["chosen"] == found.chosen
    assert len(written["variants"]) == 4
    assert (folder / "fit" / BOARD / "front.png").read_bytes().startswith(b"\x89PNG")
    assert written["synthetic"]
    assert any(what.startswith("built") for what, _, _ in told)


def test_again_nothing_is_trained_and_too_little_room_is_told(fitted):
    opened, folder, found, _ = fitted
    seen = []
    wanted = Wanted(
        BOARD, 100, hidden=(16,), sparsities=(0.7, 0.4), bits=("8", "4"), reserve=Reserve(flash_bytes=130_600)
    )
    again = fitting.fit(opened, wanted, folder, lambda what, done, total: seen.append(what))
    assert not any("loss" in what for what in seen)
    assert again.chosen is None
    assert again.test_accuracy is None
    assert "none fits, the smallest takes" in again.why
    assert not (folder / "fit" / BOARD / "model.tgmp").exists()
    assert [one.accuracy for one in again.variants] == [one.accuracy for one in found.variants]


def test_a_missing_compiler_is_told_before_any_training(quick_recipe, tmp_path, monkeypatch):
    from tinygmp.budget.result import Budget

    def no_compiler(model, boards):
        return Budget("m", False, None, (), {boards[0].name: "avr-gcc is missing: apt-get install gcc-avr"})

    monkeypatch.setattr(fitting, "budget", no_compiler)
    with pytest.raises(MissingToolError, match="apt-get install gcc-avr"):
        fitting.fit(open_recipe(quick_recipe), Wanted("arduino-uno"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"max_drop": -1}, "--max-drop -1"),
        ({"sparsities": (90.0,)}, "sparsity 90"),
        ({"bits": ("3",)}, "--bits '3'"),
        ({"hidden": (0,)}, "--hidden"),
        ({"prefer": "best"}, "--prefer 'best'"),
    ],
)
def test_wrong_wishes(wrong, told):
    with pytest.raises(ConfigError, match=told):
        Wanted(BOARD, **wrong)


def test_pruning_further_and_less(quick_recipe, tmp_path):
    opened = open_recipe(quick_recipe)
    more = further.prune(opened, 0.85, 4, tmp_path / "run")
    assert more.sparsity == pytest.approx(0.85, abs=0.01)
    assert more.path == tmp_path / "run" / "pruned-85.tgmp"
    assert load_model(more.path).nnz == more.model.nnz
    less = further.prune(opened, 0.3, 4, tmp_path / "run", tmp_path / "less.tgmp")
    assert less.sparsity == pytest.approx(0.3, abs=0.01)
    assert less.path == tmp_path / "less.tgmp"
    assert less.model.nnz > more.model.nnz
    for sparsity, epochs, told in ((1.0, 4, "outside"), (0.9, 1, "at least 2")):
        with pytest.raises(ConfigError, match=told):
            further.prune(opened, sparsity, epochs, tmp_path / "run")


def test_sizes_to_try_surround_the_recipes():
    assert sizes_of(Wanted(BOARD), 32) == (16, 32, 64)
    assert sizes_of(Wanted(BOARD), 1024) == (512, 1024)
    assert sizes_of(Wanted(BOARD, hidden=(8, 8, 4)), 32) == (8, 4)
