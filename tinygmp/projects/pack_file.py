"""A network file and samples to a packed model: read, pruned on request, packed, and checked against the floats."""

import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from converters.base import TARGETS, converter
from tinygmp.cost.goal import BYTES, PLAIN, Goal
from tinygmp.data.calibration import Source, open_source, samples_for
from tinygmp.data.samples import Samples, spread_over
from tinygmp.errors import ConfigError, DataError, MissingToolError, RangeError, UnsupportedError
from tinygmp.file_kind import kind_of_path
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.model import PackedModel
from tinygmp.pack.fidelity import USUAL_LIMITS, Fidelity, Limits, fidelity, with_losses
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.pack.settings import USUAL as USUAL_SETTINGS
from tinygmp.pack.settings import PackSettings
from tinygmp.progress import OnStep, silent
from tinygmp.projects.sensor_of_file import with_counts
from tinygmp.prune.choices import Choice, choices
from tinygmp.prune.data_poor import FEWEST_IMAGES, prune_with_images
from tinygmp.prune.prune_graph import prune_globally
from tinygmp.readers.edgeml import Normalisation
from tinygmp.readers.load import CHANNELS_FIRST, USUAL, Meaning, load_graph
from tinygmp.readers.pixel_meaning import HALF

MOST_SAMPLES = 256  # for pruning; of more, ranges and rankings change little
MOST_WINDOWS = 1024
CALIBRATION = 64  # pictures for ranges
HELD_SHARE = 4  # one sample in four is held apart
FEWEST = 4
CELL_AGREEMENT = 0.995  # of the samples that calibrate, below which a cell takes 16 bits

# What is tried in turn, from few bytes to many; see PackSettings. An answer in sums takes no flash, but more RAM.
CELL_PRECISIONS: tuple[dict[str, Any], ...] = ({}, {"state_bits": 16})
PRECISIONS: tuple[dict[str, Any], ...] = ({}, {"sums": True}, {"finer": True}, {"finer": True, "sums": True})


@dataclass(frozen=True)
class PackWish:
    """meaning: what the file does not tell of its input. counts_per_unit: of a network of sensor windows, counts
    in one unit of the samples; None where the samples are counts. normalisation: what training subtracted from
    windows and divided them by; None: what the file says, else nothing. sparsity: fraction of zeros; goal: what else
    than bytes the weights that stay shall cost little of. labels: names.
    """

    meaning: Meaning = USUAL
    counts_per_unit: tuple[float, ...] | None = None
    normalisation: Normalisation | None = None
    sparsity: float = 0.0
    goal: Goal = PLAIN
    labels: Sequence[str] | None = None
    settings: PackSettings = USUAL_SETTINGS
    limits: Limits = USUAL_LIMITS
    skip_corrupt: bool = False

    @property
    def prunes(self) -> bool:
        return bool(self.sparsity) or self.goal.budget is not None


@dataclass(frozen=True)
class PackedFile:
    """The model, what packing cost, and what a user must know.

    pruning_cost compares with the file's own network; refused: targets that cannot take the model, and why; choices:
    what other objectives would have left, where one was given.
    """

    model: PackedModel
    fidelity: Fidelity
    samples: int
    meaning: Meaning
    notes: tuple[str, ...] = ()
    pruning_cost: Fidelity | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()


def pack_file(
    path: Path, calibrate: Path, wish: PackWish = PackWish(), on_step: OnStep = silent
) -> PackedFile:
    """Return the packed model of a network file, calibrated with samples of which a part checks it.

    calibrate: see tinygmp.data.calibration; unlabelled samples will do, labels tell the accuracy. Raises ConfigError,
    DataError or UnsupportedError, which name the file and what is missing.
    """
    on_step("reading samples", 0, 4)
    source = open_source(calibrate)
    meaning = wish.meaning if source.holds_pixels else replace(wish.meaning, reals=True)
    on_step("reading the network", 1, 4)
    graph = load_graph(path, meaning)
    notes: list[str] = []
    if graph.recurrent:
        graph, source, notes = with_counts(path, graph, source, wish.counts_per_unit, wish.normalisation)
    elif wish.counts_per_unit is not None:
        raise ConfigError(f"'{path}' takes no sensor windows; counts per unit mean nothing there")
    names = class_names(path, graph, wish.labels, labels_in(path), source.names)
    source = source.named(names)
    seen, held = divided(source, graph, kind_of_path(path) in CHANNELS_FIRST, wish.skip_corrupt)
    pruned = graph
    if wish.prunes:
        pruned = pruned_graph(graph, wish, seen, notes, on_step)
    on_step("packing", 3, 4)
    if source.holds_pixels and meaning.mean == meaning.std == HALF:
        notes.append("pixels were taken as -1 to 1 in training; where they were not, give --mean and --std")
    identity = PackIdentity(
        identifier(path.stem),
        names,
        provenance(path, wish, meaning, seen, 1 - pruned.nnz / graph.nnz),
    )
    model = cheapest_that_agrees(pruned, seen, identity, wish)
    found = fidelity(pruned, model, held.inputs, held.labels, wish.limits)
    found = with_losses(found, pruned, model, held.inputs)
    model = replace(model, provenance={**model.provenance, "packing": found.sentence()})
    cost = fidelity(graph, model, held.inputs, held.labels, wish.limits) if wish.prunes else None
    on_step("packed", 4, 4)
    others = () if wish.goal.objective == BYTES else choices(graph, pruned, wish.goal)
    count = len(seen) + len(held)
    return PackedFile(model, found, count, meaning, tuple(notes), cost, refused_by(model), others)


def refused_by(model: PackedModel) -> dict[str, str]:
    """Return every target that cannot take the model, with its reason."""
    found = {}
    for target in TARGETS:
        try:
            converter(target)(model)
        except (UnsupportedError, RangeError, MissingToolError) as error:
            found[target] = str(error)
    return found


def divided(
    source: Source, graph: FloatGraph, channels_first: bool, skip_corrupt: bool
) -> tuple[Samples, Samples]:
    """Return samples for calibration and those held apart: others where there are enough, else one in four."""
    most = MOST_WINDOWS if graph.recurrent else MOST_SAMPLES
    total = len(source)
    if total < FEWEST:
        raise DataError(
            f"'{source.path}' holds {total} samples; give at least {FEWEST}, some hundred are good"
        )
    if total < most + most // (HELD_SHARE - 1):
        everything = samples_for(graph, source, channels_first, total, skip_corrupt)
        apart = np.arange(len(everything)) % HELD_SHARE == HELD_SHARE - 1
    else:
        everything = samples_for(
            graph, source, channels_first, 2 * most if total >= 2 * most else total, skip_corrupt
        )
        apart = np.ones(len(everything), bool)
        apart[spread_over(len(everything), most)] = False
    return everything.chosen(np.flatnonzero(~apart)), everything.chosen(np.flatnonzero(apart))


def cheapest_that_agrees(
    graph: FloatGraph, seen: Samples, identity: PackIdentity, wish: PackWish
) -> PackedModel:
    """Return the first model of PRECISIONS that keeps the float network's classes on the samples, else the best.

    The samples that calibrate may lose half of what those held apart may, so that chance does not decide.
    """
    calibration = calibration_of(graph, seen)
    least = max(wish.limits.agreement, CELL_AGREEMENT) if graph.recurrent else (1 + wish.limits.agreement) / 2
    tried: list[tuple[float, PackedModel]] = []
    for precision in CELL_PRECISIONS if graph.recurrent else PRECISIONS:
        try:
            model = pack(graph, calibration, identity, replace(wish.settings, **precision))
        except RangeError:  # sums of 16 bits that 32 do not hold, scales too far apart
            if not tried:
                raise
            continue
        found = fidelity(graph, model, calibration, limits=Limits(least, wish.limits.error))
        if found.holds:
            return model
        tried.append((found.output_error, model))
    return min(tried, key=lambda each: each[0])[1]


def calibration_of(graph: FloatGraph, seen: Samples) -> tuple[np.ndarray, ...]:
    """Return all samples; of pictures, whose pixels have ends of their own, fewer."""
    pictures = seen.first.dtype == np.uint8
    return seen.spread(CALIBRATION).inputs if pictures else seen.inputs


def pruned_graph(
    graph: FloatGraph, wish: PackWish, seen: Samples, notes: list[str], on_step: OnStep
) -> FloatGraph:
    """Return the graph with that share of zeros, the rest fitted to the samples where there are enough of them."""
    on_step(f"pruning to {wish.sparsity:.0%}" if wish.sparsity else "pruning to the budget", 2, 4)
    if graph.recurrent or len(graph.inputs) > 1 or len(seen) < FEWEST_IMAGES:
        notes.append("pruned by magnitude alone, without a fit to the samples or any training")
        return prune_globally(graph, wish.sparsity, goal=wish.goal)
    return prune_with_images(
        graph,
        wish.sparsity,
        seen.first,
        on_layer=lambda name, done, total: on_step(f"fitting {name}", done, total),
        goal=wish.goal,
    )


def class_names(
    path: Path, graph: FloatGraph, given: Sequence[str] | None, *told: Sequence[str] | None
) -> tuple[str, ...]:
    """Return names for the outputs: given ones, else the first of those told that are as many; none without classes.

    Raises ConfigError where another count is given.
    """
    outputs = math.prod(graph.output_shape)
    if given and len(given) != outputs:
        raise ConfigError(f"'{path}' tells {outputs} classes, {len(given)} labels were given; give {outputs}")
    for names in (given, *told):
        if names and len(names) == outputs:
            return tuple(names)
    if outputs == 1 or graph.output_shape in graph.inputs.values():
        return ()  # a number, or a picture of the input
    return tuple(str(number) for number in range(outputs))


def labels_in(path: Path) -> tuple[str, ...] | None:
    """Return the class names that lie in a TFLite file with metadata, one a line of the only text file."""
    if not path.is_file() or path.suffix != ".tflite" or not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        texts = [name for name in archive.namelist() if name.endswith(".txt")]
        return (
            tuple(archive.read(texts[0]).decode(errors="replace").splitlines()) if len(texts) == 1 else None
        )


def provenance(
    path: Path, wish: PackWish, meaning: Meaning, seen: Samples, pruned_share: float
) -> dict[str, str]:
    found = {
        "weights": path.name, "data": "the user's own", "samples": str(len(seen)), "sparsity": f"{wish.sparsity:g}",
        "synthetic": "no", "seed": "none", "recipe": "pack", "commit": "none",
    }  # fmt: skip
    if wish.goal.objective != BYTES:
        found["objective"] = wish.goal.objective
    if wish.goal.budget is not None:
        found |= {"budget": f"{wish.goal.budget:g}", "sparsity": f"{pruned_share:.4f}"}
    if not meaning.reals:
        found |= {key: " ".join(f"{part:g}" for part in getattr(meaning, key)) for key in ("mean", "std")}
    return found


def read_labels(path: Path) -> tuple[str, ...]:
    """Return class names, one a line of a text file; raises DataError."""
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"'{path}' cannot be read as class names, one a line: {error}") from error


def meaning_of(size: int | None, mean: Sequence[float], std: Sequence[float], reals: bool = False) -> Meaning:
    """Return the meaning with mean and std for as many channels as the longer one; one number holds for all.

    Three channels are meant where both are one number.
    """
    channels = max(len(mean), len(std))
    channels = 3 if channels == 1 else channels
    means, stds = (tuple(part) * channels if len(part) == 1 else tuple(part) for part in (mean, std))
    return Meaning(size, means, stds, reals)


def identifier(text: str) -> str:
    """Return a name that C takes, in small letters."""
    name = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in text.lower())
    return (name if name[:1].isalpha() else f"net_{name}")[:48]
