"""Find the variant of a user's model for a board: sparsity x hidden units x bits, each trained, packed and built."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tinygmp.artifact import write_atomically
from tinygmp.budget.packed import budget
from tinygmp.budget.result import Reserve
from tinygmp.device.board import Board, find_board
from tinygmp.errors import MissingToolError
from tinygmp.graph.file import save_model
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_model import random_model
from tinygmp.progress import OnStep, Steps, silent
from tinygmp.projects.candidates import Candidate, Wanted, candidates_of, epochs_of
from tinygmp.projects.front import Choice, choose, pareto_front
from tinygmp.projects.front_plot import draw_front
from tinygmp.projects.journey import Journey
from tinygmp.projects.prepared import Prepared, prepare
from tinygmp.projects.recipe import Opened
from tinygmp.projects.training import Network, Trainer, run_folder
from tinygmp.projects.unknown import measured_unknown, unseen_epochs, windows_below
from tinygmp.report.facts import Unknown
from tinygmp.report.fits import FitFacts, Variant
from tinygmp.report.plain import to_plain
from tinygmp.side_by_side import run_side_by_side


def fit(opened: Opened, wanted: Wanted, out: Path | None = None, on_step: OnStep = silent) -> FitFacts:
    """Train, pack and build every variant, choose one, and write model.tgmp, fit.json and front.png.

    They lie in <run>/fit/<board>/. What was trained before is not trained again. Raises MissingToolError before any
    training when the board's compiler is absent.
    """
    board = find_board(wanted.board) if isinstance(wanted.board, str) else wanted.board
    check_compiler(board)
    prepared = prepare(opened, on_step)
    if wanted.unknown is not None:
        windows_below(wanted.unknown, opened.layout)  # tells what is wrong before anything is trained
    unseen = 0 if wanted.reject is None else unseen_epochs(prepared, wanted.unknown)
    journey = Journey(on_step, epochs_of(opened, wanted) + unseen)
    trainer = Trainer(prepared, run_folder(opened, out), journey)
    dense = trainer.train("dense", trainer.fresh(), trainer.settings(dense=True))
    candidates = list(candidates_of(trainer, board, wanted, dense))
    variants = build_all(candidates, board, wanted.reserve, on_step)
    choice = choose(variants, dense.held_out_accuracy, wanted.max_drop, wanted.prefer)
    models = dict(zip(variants, (candidate.model for candidate in candidates), strict=True))
    unknown = None
    if wanted.reject is not None and choice.variant is not None:
        unknown = measured_unknown(trainer, models[choice.variant], wanted.reject, wanted.unknown)
    folder = trainer.folder / "fit" / board.name
    return write_results(prepared, folder, board, wanted, dense, models, choice, unknown)


def check_compiler(board: Board) -> None:
    """Raise MissingToolError when nothing can be built for a board."""
    probe = budget(random_model(seed=0, hidden=4), [board])
    if probe.missing:
        raise MissingToolError("; ".join(probe.missing.values()))


def build_all(
    candidates: Sequence[Candidate], board: Board, reserve: Reserve, on_step: OnStep
) -> tuple[Variant, ...]:
    """Return each candidate with what it takes on the board, in the same order."""
    steps = Steps(on_step, len(candidates))
    steps.begin(f"building for {board.name}")
    jobs = {
        f"{index} of {len(candidates)}": partial(build_one, candidate, board, reserve)
        for index, candidate in enumerate(candidates, start=1)
    }
    built, missing = run_side_by_side(jobs, steps, "built")
    if missing:
        raise MissingToolError("; ".join(missing.values()))
    return tuple(built.values())


def build_one(candidate: Candidate, board: Board, reserve: Reserve) -> Variant:
    found = budget(candidate.model, [board], reserve)
    if found.missing:
        raise MissingToolError("; ".join(found.missing.values()))
    result = found.boards[0]
    formats = {f"{tensor.index_format} {tensor.value_format}" for tensor in candidate.model.tensors()}
    return Variant(
        name=candidate.name,
        hidden=candidate.hidden,
        sparsity=candidate.sparsity,
        nnz=candidate.model.nnz,
        bits=candidate.bits,
        formats=", ".join(sorted(formats)),
        accuracy=candidate.accuracy,
        float_accuracy=candidate.float_accuracy,
        payload_bytes=ledger(candidate.model).payload_bytes,
        flash_bytes=result.flash_bytes,
        ram_bytes=result.ram_bytes + (result.stack_bytes or 0),
        fits=result.fits,
    )


def write_results(
    prepared: Prepared,
    folder: Path,
    board: Board,
    wanted: Wanted,
    dense: Network,
    models: dict[Variant, PackedModel],
    choice: Choice,
    unknown: Unknown | None = None,
) -> FitFacts:
    """Write the chosen model, the plot and fit.json, and return what fit.json holds."""
    variants = tuple(models)
    limit = wanted.reserve.taken_from(board)
    model = models[choice.variant] if choice.variant else None
    if model is None:
        (folder / "model.tgmp").unlink(missing_ok=True)  # of an earlier fit that asked for less
    fitted = FitFacts(
        name=prepared.name,
        synthetic=prepared.opened.recipe.data.synthetic,
        board=board.name,
        dense_accuracy=dense.held_out_accuracy,
        max_drop=wanted.max_drop,
        held_out_windows=len(prepared.parts.held_out),
        variants=variants,
        front=tuple(variant.name for variant in pareto_front(variants)),
        chosen=choice.variant.name if choice.variant else None,
        why=choice.why,
        test_accuracy=prepared.accuracy(model, prepared.parts.test) if model else None,
        model=str(save_model(model, folder / "model.tgmp")) if model else None,
        plot=None,
        missing={},
        unknown=unknown,
    )
    try:
        write_atomically(folder / "front.png", draw_front(fitted, limit))
        fitted = replace(fitted, plot=str(folder / "front.png"))
    except MissingToolError as error:
        fitted = replace(fitted, missing={"plot": str(error)})
    write_atomically(folder / "fit.json", (json.dumps(to_plain(fitted), indent=2) + "\n").encode())
    return fitted
