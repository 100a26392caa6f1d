"""Teach a packed model to answer 'none of these', and measure how often it does so rightly and wrongly."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinygmp.data.recording import Recording
from tinygmp.data.recording_files import files_below, is_table
from tinygmp.data.recording_windows import cut, read_times
from tinygmp.data.recordings import Labelled, Layout
from tinygmp.data.split import Parts
from tinygmp.data.table import read_table
from tinygmp.errors import ConfigError, DataError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import ReferenceOutput, run
from tinygmp.graph.reject import NONE, Reject
from tinygmp.projects.prepared import Prepared, scaling_of
from tinygmp.projects.training import Trainer, pack
from tinygmp.report.facts import Unknown

MOST_WINDOWS = 2000  # of training that the centroids are means of
LEAST_CLASSES = 3  # so that two are left where one is kept from training


def rejecting(prepared: Prepared, model: PackedModel, passing_share: float) -> PackedModel:
    """Return the model with the distance limit at which that share of known held-out windows, or more, is answered.

    A state at the end of a window is compared with the mean of those of the answered class's training windows.
    """
    train, held_out = prepared.parts.train, prepared.parts.held_out
    some = train.where(np.linspace(0, len(train) - 1, min(MOST_WINDOWS, len(train))).astype(int))
    top, known = tops(model, run(model, prepared.counts(some))), some.labels
    classes = range(len(prepared.data.classes))
    means = [
        top[known == label].mean(axis=0) if (known == label).any() else top.mean(axis=0) for label in classes
    ]
    centroids = np.rint(means).astype(np.int8)
    found = run(model, prepared.counts(held_out))
    distances = np.sort(Reject(centroids, 0).distances(tops(model, found), found.classes))
    limit = int(distances[max(0, math.ceil(passing_share * len(distances)) - 1)])
    return replace(model, reject=Reject(centroids, limit))


def tops(model: PackedModel, found: ReferenceOutput) -> np.ndarray:
    """Return the states that decide, int8 [windows, units]."""
    return found.states[model.judged_state]


def share_of_none(prepared: Prepared, model: PackedModel, windows: np.ndarray) -> float:
    """Return the share of windows float32 [n, steps, channels] that the model answers with 'none of these'."""
    part = Labelled(windows, np.zeros(len(windows), np.int64), np.zeros(len(windows), str))
    return float(np.mean(run(model, prepared.counts(part)).answers == NONE))


def measured_unknown(
    trainer: Trainer, model: PackedModel, passing_share: float, others: Path | None
) -> Unknown:
    """Return the shares of a model that rejects: of known test windows refused, of others taken for a class.

    others: recordings that are none of the classes; without them each class is kept from a training of its own in
    turn, by the recipe, and what that network takes its windows for is counted.
    """
    prepared = trainer.prepared
    assert model.reject is not None
    accepted = {}
    if others is not None:
        windows = windows_below(others, prepared.opened.layout)
        accepted[others.name] = 1 - share_of_none(prepared, model, windows)
    elif len(prepared.data.classes) >= LEAST_CLASSES:
        for label, name in enumerate(prepared.data.classes):
            accepted[name] = accepted_of_unseen(trainer, label, passing_share)
    return Unknown(
        passing_share=passing_share,
        false_reject_share=share_of_none(prepared, model, prepared.parts.test.windows),
        false_accept_shares=accepted,
        threshold=model.reject.limit,
        kept_unseen=others is None,
    )


def unseen_epochs(prepared: Prepared, others: Path | None) -> int:
    """Return how many epochs `measured_unknown` trains."""
    classes = len(prepared.data.classes)
    return (
        classes * prepared.opened.recipe.training.epochs if others is None and classes >= LEAST_CLASSES else 0
    )


def accepted_of_unseen(trainer: Trainer, label: int, passing_share: float) -> float:
    """Return the share of a class's test and held-out windows that a network which never saw the class answers."""
    prepared = without_class(trainer.prepared, label)
    turn = replace(trainer, prepared=prepared)
    name = trainer.prepared.data.classes[label]
    network = turn.train(
        f"unseen {name}", turn.fresh(), turn.settings(dense=False), start=f"without class {name}"
    )
    model = rejecting(prepared, pack(prepared, network.graph), passing_share)
    unseen = [
        part.windows[part.labels == label]
        for part in (trainer.prepared.parts.held_out, trainer.prepared.parts.test)
    ]
    return 1 - share_of_none(prepared, model, np.concatenate(unseen))


def without_class(prepared: Prepared, label: int) -> Prepared:
    """Return the data as if nobody had recorded a class."""

    def kept(part: Labelled) -> Labelled:
        rest = part.where(part.labels != label)
        return Labelled(rest.windows, rest.labels - (rest.labels > label), rest.groups)

    parts = Parts(kept(prepared.parts.train), kept(prepared.parts.held_out), kept(prepared.parts.test))
    classes = tuple(name for number, name in enumerate(prepared.data.classes) if number != label)
    data = replace(prepared.data, classes=classes)
    return replace(
        prepared, data=data, parts=parts, scaling=scaling_of(data, parts.train, prepared.opened.recipe.sensor)
    )


def windows_below(path: Path, layout: Layout) -> np.ndarray:
    """Return the windows of recordings without a class: a file, or every table below a folder. Raises DataError."""
    if not path.exists():
        raise DataError(f"recordings of other things '{path}' do not exist; correct --unknown")
    files = [path] if path.is_file() else [file for file in files_below(path) if is_table(file)]
    found = []
    for file in files:
        table = read_table(file)
        values = table.numbers(layout.channels, layout.fill_gap_rows)
        one = Recording(values, "", "", f"'{file}'", table.rows, read_times(table, layout.time_column))
        found += [
            cut(piece, layout)
            for piece in one.pieces(layout.fill_gap_rows)
            if len(piece) >= layout.window_steps
        ]
    if not found:
        raise DataError(
            f"'{path}' holds no recording of {layout.window_steps} rows or more; --unknown takes a .csv, or a folder "
            "of them"
        )
    return np.concatenate(found)


def check_passing(share: float) -> None:
    """Raise ConfigError for a share of known windows that is none."""
    if not 0.5 <= share <= 1:
        raise ConfigError(
            f"--reject {share}: the share of known windows that pass lies in 0.5..1; 0.95 refuses one in twenty"
        )
