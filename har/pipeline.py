"""HAR-2 from data to devices: every stage of a run, in order, ending in a report."""

import hashlib
import os
import shutil
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from converters.base import TARGETS
from converters.files import convert
from har.data import HarData
from har.dataset import load_har
from har.packing import pack_har, packed_accuracy
from har.recipe import Recipe, load_recipe, with_sparsity
from har.sensor import to_counts
from har.stages import Stages
from har.sweep import sparsity_sweep
from har.training import Prepared, Trained, prepare, train_dense, train_pruned
from tinygmp.data.samples import Samples
from tinygmp.device.board import find_board
from tinygmp.errors import MissingToolError, OutputError
from tinygmp.graph.file import save_model
from tinygmp.graph.model import PackedModel
from tinygmp.inspect.packed import packed_result
from tinygmp.projects.source_commit import source_commit
from tinygmp.report.record import (
    DataFacts,
    DenseResult,
    MatrixSparsity,
    PackedResult,
    Provenance,
    PrunedResult,
    Report,
    SweepPoint,
)
from tinygmp.shipped import SHIPPED, open_model, shipped_names
from tinygmp.train.fit import Epoch
from tinygmp.verify.verification import DEFAULT_BOARDS, WINDOWS_PER_CORE, Verification, verify

CHECKPOINTS = "checkpoints"
PACKAGES = ("torch", "numpy", "onnx", "onnxruntime", "ai-edge-litert", "ziglang", "unicorn")


@dataclass(frozen=True)
class PipelineOptions:
    """What a run is asked to do. data: None takes the best there is; sparsity: None leaves the recipe's."""

    out: Path = Path("runs/har2")
    data: str | None = None
    recipe: str = "default"
    seed: int = 0
    sparsity: float | None = None
    boards: tuple[str, ...] = DEFAULT_BOARDS
    windows_per_core: int = WINDOWS_PER_CORE
    keep_checkpoints: bool = False


@dataclass
class Run:
    """What is known so far."""

    options: PipelineOptions
    recipe: Recipe
    stages: Stages = field(default_factory=Stages)


def run_pipeline(options: PipelineOptions) -> Report:
    """Run every stage and return the report; all files lie in options.out. Bad input raises before any work."""
    run = Run(options, checked_recipe(options))
    check_writable(options.out)
    data = load_data(run)
    run.recipe = recipe_for(run, data)
    prepared = prepare(data, run.recipe, options.seed)
    dense, pruned = train_both(run, data, prepared)
    model = pack(run, data, prepared, pruned)
    sweep = sparsity_points(run, data, prepared, pruned)
    write_artifacts(run, model)
    checks = check(run, data, model, prepared)
    if not options.keep_checkpoints:
        shutil.rmtree(options.out / CHECKPOINTS, ignore_errors=True)
    return Report(
        name="HAR-2",
        data=data_facts(data, prepared),
        dense=dense_result(dense),
        pruned=pruned_result(pruned),
        packed=packed_result(
            model, packed_accuracy(model, prepared.test), validation_accuracy(model, prepared)
        ),
        artifacts=checks.artifacts,
        devices=checks.devices,
        provenance=provenance(run),
        shipped=score_shipped(data, prepared),
        sweep=tuple(sweep),
    )


def checked_recipe(options: PipelineOptions) -> Recipe:
    for board in options.boards:
        find_board(board)
    recipe = load_recipe(options.recipe)
    return recipe if options.sparsity is None else with_sparsity(recipe, options.sparsity)


def check_writable(out: Path) -> None:
    """Raise OutputError before any work when the results could not be written; creates nothing."""
    nearest = out.absolute()
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise OutputError(
            f"cannot write into '{out}': '{nearest}' is not a writable folder; give another with --out"
        )


def load_data(run: Run) -> HarData:
    with run.stages.stage("data", "loading data") as show:
        return load_har(run.options.data, lambda what, done, total: show(done, total, what), run.options.seed)


def recipe_for(run: Run, data: HarData) -> Recipe:
    """The default recipe is for real data; synthetic data has a shorter one of its own."""
    if not data.synthetic or run.options.recipe != "default":
        return run.recipe
    recipe = load_recipe("synthetic")
    return recipe if run.options.sparsity is None else with_sparsity(recipe, run.options.sparsity)


def train_both(run: Run, data: HarData, prepared: Prepared) -> tuple[Trained, Trained]:
    """Train the dense and the pruned network; a stopped run continues from its checkpoints."""
    checkpoints = run.options.out / CHECKPOINTS
    trained = []
    for name, train in (("dense", train_dense), ("pruned", train_pruned)):
        with run.stages.stage(f"train_{name}", f"training, {name}") as show:

            def on_epoch(stage: str, epoch: Epoch, epochs: int, show=show) -> None:  # type: ignore[no-untyped-def]
                show(
                    epoch.epoch + 1, epochs, epoch.warning or f"loss {epoch.loss:.3f}, {epoch.nnz:,} weights"
                )

            checkpoint = checkpoints / f"{name}-{run_key(run, data)}.pt"
            trained.append(train(prepared, run.recipe, run.options.seed, on_epoch, checkpoint))
    return trained[0], trained[1]


def run_key(run: Run, data: HarData) -> str:
    """Return a name for what decides a training, so that no run continues another's checkpoint."""
    return hashlib.sha256(f"{run.recipe!r} {run.options.seed} {data.sha256}".encode()).hexdigest()[:12]


def pack(run: Run, data: HarData, prepared: Prepared, pruned: Trained) -> PackedModel:
    with run.stages.stage("pack", "packing"):
        model = pack_har(pruned.graph, prepared, data, run.recipe.name, run.options.seed)
        save_model(model, run.options.out / "har2.tgmp")
    return model


def sparsity_points(run: Run, data: HarData, prepared: Prepared, pruned: Trained) -> list[SweepPoint]:
    with run.stages.stage("sweep", "accuracy against bytes") as show:
        return sparsity_sweep(pruned.graph, prepared, data, run.recipe.name, show)


def write_artifacts(run: Run, model: PackedModel) -> None:
    with run.stages.stage("convert", "converting"):
        for target in TARGETS:
            convert(model, [target], run.options.out / target)


def check(run: Run, data: HarData, model: PackedModel, prepared: Prepared) -> Verification:
    """Run all test windows through C, ONNX and TFLite, and some on each board's simulated core."""
    counts = to_counts(prepared.test.windows)
    windows = Samples(f"{data.name}, test people", data.synthetic, (counts,), prepared.test.labels)
    with run.stages.stage("verify", "runtimes and simulated boards") as show:
        checks = verify(
            model,
            windows,
            boards=run.options.boards,
            samples_per_core=run.options.windows_per_core,
            on_step=lambda what, done, total: show(done, total, what),
        )
    if checks.missing:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in checks.missing.items())
        raise MissingToolError(f"the report would be incomplete: {reasons}")
    return checks


def score_shipped(data: HarData, prepared: Prepared) -> PackedResult | None:
    """Return the shipped model's figures on the same test people; not on synthetic data, which it never saw."""
    if data.synthetic or SHIPPED not in shipped_names():
        return None
    shipped = open_model(SHIPPED)
    return packed_result(shipped, packed_accuracy(shipped, prepared.test))


def validation_accuracy(model: PackedModel, prepared: Prepared) -> float | None:
    """Return the accuracy on held-out people, None when the recipe holds nobody out."""
    return packed_accuracy(model, prepared.validation) if len(prepared.validation) else None


def data_facts(data: HarData, prepared: Prepared) -> DataFacts:
    splits = {"train": prepared.train, "validation": prepared.validation, "test": prepared.test}
    return DataFacts(
        name=data.name,
        synthetic=data.synthetic,
        sha256=data.sha256,
        people={name: len(np.unique(split.people)) for name, split in splits.items()},
        windows={name: len(split) for name, split in splits.items()},
    )


def dense_result(trained: Trained) -> DenseResult:
    return DenseResult(
        accuracy=trained.test_accuracy,
        parameters=trained.graph.nnz,
        validation_accuracy=trained.validation_accuracy,
        best_epoch_accuracy=trained.best_epoch_test_accuracy,
    )


def pruned_result(trained: Trained) -> PrunedResult:
    matrices = trained.graph.prunable()
    by_matrix = {
        name: MatrixSparsity(m.size, int(np.count_nonzero(m)), 1 - float(np.count_nonzero(m)) / m.size)
        for name, m in matrices.items()
    }
    size = sum(matrix.size for matrix in matrices.values())
    return PrunedResult(
        accuracy=trained.test_accuracy,
        sparsity=1 - trained.graph.nnz / size,
        nnz=trained.graph.nnz,
        by_matrix=by_matrix,
        validation_accuracy=trained.validation_accuracy,
        best_epoch_accuracy=trained.best_epoch_test_accuracy,
    )


def provenance(run: Run) -> Provenance:
    return Provenance(
        commit=source_commit(),
        recipe=run.recipe.name,
        seed=run.options.seed,
        versions={name: installed_version(name) for name in PACKAGES},
        seconds_by_stage=dict(run.stages.seconds),
    )


def installed_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
