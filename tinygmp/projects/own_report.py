"""The record of a run of a user's own data, as `tinygmp report` shows it."""

from importlib.metadata import version

import numpy as np

from tinygmp.data.people import told_people
from tinygmp.data.recording_files import group_of
from tinygmp.data.recordings import Labelled
from tinygmp.graph.model import PackedModel
from tinygmp.inspect.packed import packed_result
from tinygmp.projects.prepared import Prepared
from tinygmp.projects.recipe import Opened
from tinygmp.projects.source_commit import source_commit
from tinygmp.projects.training import Network
from tinygmp.report.facts import Answers, Curve, EpochFigures, LeftOut, Score
from tinygmp.report.record import DataFacts, DenseResult, MatrixSparsity, Provenance, PrunedResult, Report


def report_of(
    prepared: Prepared, dense: Network, pruned: Network, model: PackedModel, left_out: LeftOut | None
) -> Report:
    """Return a run's record, as `tinygmp report` reads it; held-out figures are its validation figures."""
    recipe, parts = prepared.opened.recipe, prepared.parts
    return Report(
        name=prepared.name,
        data=data_facts(prepared),
        dense=DenseResult(dense.test_accuracy, dense.graph.nnz, dense.held_out_accuracy),
        pruned=PrunedResult(
            pruned.test_accuracy,
            pruned.sparsity,
            pruned.graph.nnz,
            {name: matrix_sparsity(matrix) for name, matrix in pruned.graph.prunable().items()},
            pruned.held_out_accuracy,
        ),
        packed=packed_result(
            model, prepared.accuracy(model, parts.test), prepared.accuracy(model, parts.held_out)
        ),
        artifacts={},
        devices=(),
        provenance=Provenance(source_commit(), prepared.opened.path.name, recipe.seed, versions(), {}),
        answers=answers_of(prepared, model),
        training={"dense": curve_of(dense), "pruned": curve_of(pruned, prepared.opened)},
        left_out=left_out,
    )


def versions() -> dict[str, str]:
    """Return the versions of what decides the numbers of a training."""
    return {name: version(name) for name in ("numpy", "torch")}


def data_facts(prepared: Prepared) -> DataFacts:
    parts = {
        "train": prepared.parts.train, "validation": prepared.parts.held_out, "test": prepared.parts.test,
    }  # fmt: skip
    return DataFacts(
        name=prepared.opened.layout.path.name,
        synthetic=prepared.opened.recipe.data.synthetic,
        sha256=prepared.data.sha256,
        people={name: len(np.unique(part.groups)) for name, part in parts.items()},
        windows={name: len(part) for name, part in parts.items()},
        grouped_by=grouping(prepared),
        shared_people=shared_people(prepared),
    )


def grouping(prepared: Prepared) -> str:
    """Return what a split of the data keeps whole, in one word of the plural."""
    layout = prepared.opened.layout
    if layout.kind == "npz":
        groups = prepared.data.windows.groups
        return "windows" if len(np.unique(groups)) == len(groups) else "groups"
    return "recordings" if layout.group_by == "recording" else "people"


def shared_people(prepared: Prepared) -> int | None:
    """Return how many of the people in test are in training too, by folders and names; None where they tell nobody."""
    layout = prepared.opened.layout
    if layout.kind != "class-folders":
        return 0 if grouping(prepared) == "people" else None
    if layout.group_by != "recording":
        return 0
    files = [layout.path / name for name in np.unique(prepared.data.windows.groups)]
    told = told_people(layout.path, files)
    if told is None:
        return None

    def people(part: Labelled) -> set[str]:
        return {group_of(layout.path, layout.path / name, told) for name in np.unique(part.groups)}

    return len(people(prepared.parts.test) & people(prepared.parts.train))


def answers_of(prepared: Prepared, model: PackedModel) -> Answers:
    """Return how the test windows were answered, by class, and by person or recording."""
    test, classes = prepared.parts.test, range(len(prepared.data.classes))
    answers = prepared.classes_of(model, test)
    right = answers == test.labels
    return Answers(
        prepared.data.classes,
        tuple(
            tuple(int(((test.labels == true) & (answers == answered)).sum()) for answered in classes)
            for true in classes
        ),
        {
            str(group): tuple(
                Score(
                    int((mine := (test.groups == group) & (test.labels == label)).sum()),
                    int((mine & right).sum()),
                )
                for label in classes
            )
            for group in np.unique(test.groups)
        },
    )


def curve_of(network: Network, opened: Opened | None = None) -> Curve:
    """Return how a network trained; opened: the recipe that pruned it."""
    epochs = tuple(
        EpochFigures(one.epoch, round(one.loss, 5), one.nnz, one.measured.get("held-out"))
        for one in network.history
    )
    if opened is None:
        return Curve(epochs)
    pruning = opened.recipe.pruning
    return Curve(epochs, pruning.start_epoch, pruning.end_epoch)


def matrix_sparsity(matrix: np.ndarray) -> MatrixSparsity:
    nnz = int(np.count_nonzero(matrix))
    return MatrixSparsity(matrix.size, nnz, 1 - nnz / matrix.size)
