"""The variants that `fit` tries: what is asked for, trained at every size and sparsity, packed at every width."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tinygmp.budget.result import Reserve
from tinygmp.device.board import Board
from tinygmp.errors import ConfigError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.window_classifier import hidden_size, with_sensor
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.pack.repack import Wish, repack
from tinygmp.pack.settings import PackSettings
from tinygmp.pack.storage import Storage, Width
from tinygmp.pack.width_budget import pack_within
from tinygmp.projects.front import Prefer
from tinygmp.projects.further import further_epochs, prune_further
from tinygmp.projects.prepared import Prepared
from tinygmp.projects.recipe import Opened
from tinygmp.projects.training import Network, Trainer, pack, packing
from tinygmp.projects.unknown import check_passing, rejecting
from tinygmp.prune.schedule import check_sparsity
from tinygmp.sparse.decode_cost import measured_cost

SPARSITIES = (0.5, 0.7, 0.8, 0.9, 0.95)
BITS = ("8", "mixed", "4")
MOST_HIDDEN = 1024
MIXED_SHARE = 0.75  # of the int8 payload
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
    reject: float | None = None
    unknown: Path | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.max_drop <= 100:
            raise ConfigError(f"--max-drop {self.max_drop} is outside 0..100 points of per cent")
        if self.prefer not in ("smallest", "accurate"):
            raise ConfigError(f"--prefer '{self.prefer}' is unknown; 'smallest' or 'accurate'")
        for sparsity in self.sparsities:
            check_sparsity(sparsity, "--sparsity")
        if unknown := set(self.bits) - set(BITS):
            raise ConfigError(f"--bits '{sorted(unknown)[0]}' is unknown; known: {', '.join(BITS)}")
        if self.unknown is not None and self.reject is None:
            raise ConfigError(
                "--unknown measures --reject; give the share of known windows that pass, --reject 0.95"
            )
        if self.reject is not None:
            check_passing(self.reject)
        if any(not 1 <= hidden <= MOST_HIDDEN for hidden in self.hidden):
            raise ConfigError(f"--hidden {self.hidden}: each must be in 1..{MOST_HIDDEN}")


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


def candidates_of(trainer: Trainer, board: Board, wanted: Wanted, dense: Network) -> Iterator[Candidate]:
    """Yield every variant, packed in the formats that are smallest on the board's core, decoders counted."""
    for how, network in networks_of(trainer, wanted, dense):
        graph = network.graph
        for bits in wanted.bits:
            model = packed_in(trainer.prepared, graph, bits)
            if model is None:
                continue
            model = smallest_on(board, model, LOSSLESS if bits == "8" else ())
            if wanted.reject is not None:
                model = rejecting(trainer.prepared, model, wanted.reject)
            accuracy = trainer.prepared.accuracy(model, trainer.prepared.parts.held_out)
            name = f"{hidden_size(graph)} units, {100 * network.sparsity:.1f} % zeros{how}, {bits} bits"
            sparsity, of_float = round(network.sparsity, 4), network.held_out_accuracy
            yield Candidate(name, hidden_size(graph), sparsity, bits, model, accuracy, of_float)


def networks_of(trainer: Trainer, wanted: Wanted, dense: Network) -> Iterator[tuple[str, Network]]:
    """Yield the recipe's pruned network, and for each size the dense one pruned further and further, and how."""
    own = hidden_size(dense.graph)
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


def packed_in(prepared: Prepared, graph: FloatGraph, bits: str) -> PackedModel | None:
    """Return the model packed with weights of so many bits, None where mixed widths do not reach their budget."""
    if bits == "4":
        widths = {name: Width("codebook16") for name in graph.prunable()}
        return pack(prepared, graph, PackSettings(Storage(widths=widths)))
    model = pack(prepared, graph)
    if bits == "8":
        return model
    payload_bytes = round(MIXED_SHARE * ledger(model).payload_bytes)
    try:
        return pack_within(with_sensor(graph, prepared.scaling), *packing(prepared), payload_bytes)
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
