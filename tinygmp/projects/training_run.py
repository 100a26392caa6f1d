"""What `tinygmp train` does: two networks, the packed model, its report and its test windows in one folder."""

import io
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tinygmp.artifact import write_atomically
from tinygmp.graph.file import save_model
from tinygmp.graph.model import PackedModel
from tinygmp.progress import OnStep, silent
from tinygmp.projects.journey import Journey
from tinygmp.projects.left_out import folds_of, score_left_out
from tinygmp.projects.own_report import grouping, report_of
from tinygmp.projects.prepared import Prepared, prepare
from tinygmp.projects.recipe import Opened
from tinygmp.projects.training import Trainer, pack, run_folder
from tinygmp.report.record import Report, write_report

MODEL, REPORT, TEST_WINDOWS = "model.tgmp", "report.json", "test.npz"


@dataclass(frozen=True)
class Trained:
    """What `tinygmp train` made. notes: what a user should know of the data."""

    report: Report
    model: PackedModel
    folder: Path
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return self.folder / MODEL


def train(
    opened: Opened, out: Path | None = None, on_step: OnStep = silent, leave_one_out: bool = False
) -> Trained:
    """Train, prune, pack and score a recipe; a run that was stopped continues. All files lie in the run's folder.

    leave_one_out: train again without each person or recording, and score on that one, beside the test score. Raises
    DataError, ConfigError, DivergenceError or OutputError before anything is overwritten.
    """
    started = time.monotonic()
    prepared = prepare(opened, on_step)
    epochs = opened.recipe.training
    folds = folds_of(prepared) if leave_one_out else []
    journey = Journey(on_step, epochs.dense_epochs + (1 + len(folds)) * epochs.epochs + 1)
    trainer = Trainer(prepared, run_folder(opened, out), journey)
    dense = trainer.train("dense", trainer.fresh(), trainer.settings(dense=True))
    pruned = trainer.train("pruned", trainer.fresh(), trainer.settings(dense=False))
    journey("packing", 0, 1)
    model = pack(prepared, pruned.graph)
    left_out = score_left_out(trainer, grouping(prepared), folds) if folds else None
    report = report_of(prepared, dense, pruned, model, left_out)
    timed = replace(report.provenance, seconds_by_stage={"train": round(time.monotonic() - started, 1)})
    report = replace(report, provenance=timed)
    save_model(model, trainer.folder / MODEL)
    save_windows(prepared, trainer.folder / TEST_WINDOWS)
    write_report(report, trainer.folder / REPORT)
    journey("packing", 1, 1)
    return Trained(report, model, trainer.folder, prepared.data.notes)


def save_windows(prepared: Prepared, path: Path) -> None:
    """Write the test windows as `tinygmp verify --data` takes them."""
    stream, test = io.BytesIO(), prepared.parts.test
    np.savez_compressed(stream, counts=prepared.counts(test), labels=test.labels)
    write_atomically(path, stream.getvalue())
