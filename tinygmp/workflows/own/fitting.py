"""Find the variant of a user's model for a board: sparsity x hidden units x bits, each trained, packed and built."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tinygmp.artifact import write_atomically
from tinygmp.device.board import Board, find_board
from tinygmp.errors import ConfigError, MissingToolError
from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.pack.mixed import pack_within
from tinygmp.pack.storage import Storage, Width
from tinygmp.packed.file import save_model
from tinygmp.packed.model import PackedModel
from tinygmp.packed.random_model import random_model
from tinygmp.packed.sizes import ledger
from tinygmp.prune.schedule import check_sparsity
from tinygmp.report.plain import to_plain
from tinygmp.sparse.decode_cost import measured_cost
from tinygmp.workflows.budget import budget
from tinygmp.workflows.budget_result import Reserve
from tinygmp.workflows.own.front import Choice, Prefer, Variant, choose, pareto_front
from tinygmp.workflows.own.front_plot import draw_front
from tinygmp.workflows.own.further import further_epochs, prune_further
from tinygmp.workflows.own.journey import Journey
from tinygmp.workflows.own.prepared import Prepared, prepare
from tinygmp.workflows.own.recipe import Opened
from tinygmp.workflows.own.training import Network, Trainer, pack, packing, run_folder
from tinygmp.workflows.progress import OnStep, Steps, silent
from tinygmp.workflows.repack import Wish, repack
from tinygmp.workflows.side_by_side import run_side_by_side

SPARSITIES = (0.5, 0.7, 0.8, 0.9, 0.95)
BITS = ("8", "mixed", "4")
MOST_HIDDEN = 1024
MIXED_SHARE = 0.75  # of the int8 payload
SYNTHETIC = " (SYNTHETIC DATA)"
LOSSLESS = ("int8", "int8_rice", "int8_huffman", "int8_ranked")


@dataclass(frozen=True)
class Wanted:
    """What is asked of `fit`. max_drop: points of per cent below the dense network, on held-out people or files.

    hidden: units to try; half, once and twice the recipe's if empty. bits: '8', '4' (a codebook of 16 values a matrix)
    or 'mixed' (by matrix, three quarters of the int8 payload).
    """

    board: str | Board
    max_drop: float = 0.5
    prefer: Prefer = "smallest"
    hidden: tuple[int, ...] = ()
    sparsities: tuple[float, ...] = SPARSITIES
    bits: tuple[str, ...] = BITS
    reserve: Reserve = field(default_factory=Reserve)

    def __post_init__(self) -> None:
        if not 0 <= self.max_drop <= 100:
            raise ConfigError(f"--max-drop {self.max_drop} is outside 0..100 points of per cent")
        if self.prefer not in ("smallest", "accurate"):
            raise ConfigError(f"--prefer '{self.prefer}' is unknown; 'smallest' or 'accurate'")
        for sparsity in self.sparsities:
            check_sparsity(sparsity, "--sparsity")
        if unknown := set(self.bits) - set(BITS):
            raise ConfigError(f"--bits '{sorted(unknown)[0]}' is unknown; known: {', '.join(BITS)}")
        if any(not 1 <= hidden <= MOST_HIDDEN for hidden in self.hidden):
            raise ConfigError(f"--hidden {self.hidden}: each must be in 1..{MOST_HIDDEN}")


@dataclass(frozen=True)
class Fitted:
    """What `fit` found. test_accuracy: of the choice, per cent, scored after it was made; None without one."""

    name: str
    synthetic: bool
    board: str
    dense_accuracy: float
    max_drop: float
    held_out_windows: int
    variants: tuple[Variant, ...]
    front: tuple[str, ...]
    chosen: str | None
    why: str
    test_accuracy: float | None
    model: str | None
    plot: str | None
    missing: dict[str, str]


@dataclass(frozen=True)
class Candidate:
    """A packed model that waits to be built for the board."""

    name: str
    hidden: int
    sparsity: float
    bits: str
    model: PackedModel
    accuracy: float
    float_accuracy: float


def fit(opened: Opened, wanted: Wanted, out: Path | None = None, on_step: OnStep = silent) -> Fitted:
    """Train, pack and build every variant, choose one, and write model.tgmp, fit.json and front.png.

    They lie in <run>/fit/<board>/. What was trained before is not trained again. Raises MissingToolError before any
    training when the board's compiler is absent.
    """
    board = find_board(wanted.board) if isinstance(wanted.board, str) else wanted.board
    check_compiler(board)
    prepared = prepare(opened, on_step)
    journey = Journey(on_step, epochs_of(opened, wanted))
    trainer = Trainer(prepared, run_folder(opened, out), journey)
    dense = trainer.train("dense", trainer.fresh(), trainer.settings(dense=True))
    candidates = list(candidates_of(trainer, board, wanted, dense))
    variants = build_all(candidates, board, wanted.reserve, on_step)
    choice = choose(variants, dense.held_out_accuracy, wanted.max_drop, wanted.prefer)
    models = dict(zip(variants, (candidate.model for candidate in candidates), strict=True))
    return write_results(prepared, trainer.folder / "fit" / board.name, board, wanted, dense, models, choice)


def epochs_of(opened: Opened, wanted: Wanted) -> int:
    """Return how many epochs all variants train together."""
    training = opened.recipe.training
    sizes = sizes_of(wanted, opened.recipe.network.hidden)
    each = training.dense_epochs + len(set(wanted.sparsities)) * further_epochs(opened)
    foreign = training.dense_epochs * (
        opened.recipe.network.hidden not in sizes
    )  # the dense one to compare with
    return len(sizes) * each + foreign + (0 if wanted.hidden else training.epochs)


def sizes_of(wanted: Wanted, own: int) -> tuple[int, ...]:
    """Return the hidden units to try."""
    return tuple(dict.fromkeys(wanted.hidden or (max(2, own // 2), own, min(2 * own, MOST_HIDDEN))))


def check_compiler(board: Board) -> None:
    """Raise MissingToolError when nothing can be built for a board."""
    probe = budget(random_model(seed=0, hidden=4), [board])
    if probe.missing:
        raise MissingToolError("; ".join(probe.missing.values()))


def candidates_of(trainer: Trainer, board: Board, wanted: Wanted, dense: Network) -> Iterator[Candidate]:
    """Yield every variant, packed in the formats that are smallest on the board's core, decoders counted."""
    for how, network in networks_of(trainer, wanted, dense):
        weights = network.weights
        for bits in wanted.bits:
            model = packed_in(trainer.prepared, weights, bits)
            if model is None:
                continue
            model = smallest_on(board, model, LOSSLESS if bits == "8" else ())
            accuracy = trainer.prepared.accuracy(model, trainer.prepared.parts.held_out)
            name = f"{weights.hidden_size} units, {100 * network.sparsity:.1f} % zeros{how}, {bits} bits"
            sparsity, of_float = round(network.sparsity, 4), network.held_out_accuracy
            yield Candidate(name, weights.hidden_size, sparsity, bits, model, accuracy, of_float)


def networks_of(trainer: Trainer, wanted: Wanted, dense: Network) -> Iterator[tuple[str, Network]]:
    """Yield the recipe's pruned network, and for each size the dense one pruned further and further, and how."""
    own = dense.weights.hidden_size
    if not wanted.hidden:
        yield " by recipe", trainer.train("pruned", trainer.fresh(), trainer.settings(dense=False))
    for hidden in sizes_of(wanted, own):
        network = dense
        if hidden != own:
            network = trainer.train(
                f"dense, {hidden} units", trainer.fresh(hidden), trainer.settings(dense=True)
            )
        for sparsity in sorted({round(sparsity, 3) for sparsity in wanted.sparsities}):
            network = prune_further(trainer, network, max(sparsity, network.sparsity))
            yield "", network


def packed_in(prepared: Prepared, weights: FastGrnnWeights, bits: str) -> PackedModel | None:
    """Return the model packed with weights of so many bits, None where mixed widths do not reach their budget."""
    if bits == "4":
        return pack(
            prepared, weights, Storage(widths={name: Width("codebook16") for name in weights.matrices()})
        )
    model = pack(prepared, weights)
    if bits == "8":
        return model
    payload_bytes = round(MIXED_SHARE * ledger(model).payload_bytes)
    try:
        return pack_within(weights, prepared.scaling, *packing(prepared), payload_bytes)
    except ConfigError:
        return None


def smallest_on(board: Board, model: PackedModel, value_formats: tuple[str, ...]) -> PackedModel:
    """Return the model in the formats of fewest bytes, with decoder code where that was measured on the core.

    value_formats: to choose from beside those that it has.
    """
    try:
        cost = measured_cost(board.core)
    except ConfigError:
        return model
    return repack(model, Wish(None, value_formats, cost=cost)).model


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
) -> Fitted:
    """Write the chosen model, the plot and fit.json, and return what fit.json holds."""
    variants = tuple(models)
    limit = wanted.reserve.taken_from(board)
    missing: dict[str, str] = {}
    plot: Path | None = folder / "front.png"
    try:
        content = draw_front(
            prepared.name, limit, variants, choice.variant, dense.held_out_accuracy, wanted.max_drop
        )
        write_atomically(folder / "front.png", content)
    except MissingToolError as error:
        plot, missing["plot"] = None, str(error)
    model = models[choice.variant] if choice.variant else None
    if model is None:
        (folder / "model.tgmp").unlink(missing_ok=True)  # of an earlier fit that asked for less
    fitted = Fitted(
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
        plot=str(plot) if plot else None,
        missing=missing,
    )
    write_atomically(folder / "fit.json", (json.dumps(to_plain(fitted), indent=2) + "\n").encode())
    return fitted
