"""How `tinygmp pack` and `tinygmp pack-images` make a packed model of a network file, and what they tell of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygmp.commands.options import Json, Quiet, finish

if TYPE_CHECKING:
    from tinygmp.cost.goal import Goal
    from tinygmp.projects.pack_file import PackedFile, PackWish

Size = Annotated[
    int | None,
    typer.Option("--size", metavar="PIXELS", help="Rows and columns, where the file does not tell."),
]
Mean = Annotated[
    list[float] | None,
    typer.Option(
        "--mean",
        metavar="NUMBER",
        help="Subtracted in training, from pixels in 0..1 (0.5) or a sensor's samples (0); once, or for each channel.",
    ),
]
Std = Annotated[
    list[float] | None,
    typer.Option("--std", metavar="NUMBER", help="What they were divided by then: 0.5, or 1 of a sensor."),
]
Sparsity = Annotated[
    float, typer.Option("--sparsity", help="Fraction of zeros; above 0 the rest is fitted to the samples.")
]
Objective = Annotated[
    str,
    typer.Option(
        "--objective",
        metavar="WHAT",
        help="What the weights that stay shall cost little of: bytes, flops, or time:CORE such as time:cortex-m4f.",
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget",
        metavar="N",
        help="In place of --sparsity: multiply-adds, or instructions of an inference, that may stay.",
    ),
]
Rounding = Annotated[
    str,
    typer.Option(
        "--rounding", help="fp32 to answer as LiteRT does on a phone, gemmlowp as TFLite Micro does."
    ),
]
SkipCorrupt = Annotated[
    bool,
    typer.Option("--skip-corrupt", help="Leave out pictures that cannot be decoded; else they are an error."),
]
Labels = Annotated[Path | None, typer.Option("--labels", metavar="FILE", help="Class names, one a line.")]
Agreement = Annotated[
    float,
    typer.Option(
        "--agreement", help="Per cent of samples held apart that must get the float network's class; else exit code 1."
    ),
]  # fmt: skip
Weights = Annotated[
    Path,
    typer.Argument(metavar="WEIGHTS", help="A .npz, .h5, .tflite, .onnx, .safetensors, .pt or .pth file."),
]
Pictures = Annotated[
    Path,
    typer.Option("--images", metavar="FOLDER", help="Pictures like those the network will see, unlabelled."),
]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The .tgmp file to write.")]


def pack_images(
    weights: Weights,
    images: Pictures,
    out: Out,
    size: Size = None,
    mean: Mean = None,
    std: Std = None,
    sparsity: Sparsity = 0.0,
    objective: Objective = "bytes",
    budget: Budget = None,
    labels: Labels = None,
    skip_corrupt: SkipCorrupt = False,
    rounding: Rounding = "fp32",
    agreement: Agreement = 99.0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The same as `tinygmp pack WEIGHTS --calibrate FOLDER`."""
    goal = goal_of(sparsity, objective, budget)
    wish = wish_of(size, mean, std, sparsity, labels, skip_corrupt, rounding, agreement, None, goal)
    pack_network(weights, images, out, wish, as_json, quiet)


def goal_of(sparsity: float, objective: str, budget: float | None) -> Goal:
    """Return what pruning shall spare; raises ConfigError for sparsity and budget at once, or an objective alone."""
    from tinygmp.cost.goal import BYTES, Goal
    from tinygmp.errors import ConfigError

    if budget is not None and sparsity:
        raise ConfigError(f"--sparsity {sparsity:g} and --budget {budget:g} both say how much goes; give one")
    if objective != BYTES and budget is None and not sparsity:
        raise ConfigError(
            f"--objective {objective} says what to spare, not how much; give --sparsity or --budget"
        )
    return Goal(objective, budget)


def wish_of(
    size: int | None,
    mean: list[float] | None,
    std: list[float] | None,
    sparsity: float,
    labels: Path | None,
    skip_corrupt: bool,
    rounding: str,
    agreement: float,
    counts_per_unit: list[float] | None = None,
    goal: Goal | None = None,
) -> PackWish:
    """Return what the options ask for."""
    import numpy as np

    from tinygmp.cost.goal import PLAIN
    from tinygmp.pack.fidelity import Limits
    from tinygmp.pack.settings import PackSettings
    from tinygmp.projects.pack_file import PackWish, meaning_of, read_labels
    from tinygmp.readers.edgeml import Normalisation

    normalised = mean is not None or std is not None
    return PackWish(
        normalisation=Normalisation(np.array(mean or [0.0]), np.array(std or [1.0])) if normalised else None,
        meaning=meaning_of(size, mean or [0.5], std or [0.5]),
        counts_per_unit=tuple(counts_per_unit) if counts_per_unit else None,
        sparsity=sparsity,
        goal=goal or PLAIN,
        labels=None if labels is None else read_labels(labels),
        settings=PackSettings(rounding=rounding),
        limits=Limits(agreement=agreement / 100),
        skip_corrupt=skip_corrupt,
    )


def pack_network(path: Path, calibrate: Path, out: Path, wish: PackWish, as_json: bool, quiet: bool) -> None:
    """Write the packed model of a network file and tell what packing cost; exit code 1 below the agreement."""
    from tinygmp.commands import show
    from tinygmp.graph.file import save_model
    from tinygmp.projects.pack_file import pack_file

    with show.progress(quiet) as on_step:
        packed = pack_file(path, calibrate, wish, on_step)
    save_model(packed.model, out)
    found = facts(packed, out, wish)
    if as_json:
        show.print_json(found)
    else:
        print_facts(packed, found)
    if not packed.fidelity.holds:
        show.complain(f"'{out}' was written, but packing loses too much: {packed.fidelity.sentence()}")
    finish(packed.fidelity.holds)


def facts(packed: PackedFile, out: Path, wish: PackWish) -> dict[str, object]:
    from tinygmp.graph.ledger import ledger

    model, cost = packed.model, packed.pruning_cost
    return {
        "model": model.name,
        "file": str(out),
        "inputs": {name: list(model.values[name].shape) for name in model.inputs},
        "classes": len(model.labels),
        "weights": model.weight_count,
        "nnz": model.nnz,
        "payload_bytes": ledger(model).payload_bytes,
        "file_bytes": out.stat().st_size,
        "mean": None if packed.meaning.reals else packed.meaning.mean,
        "std": None if packed.meaning.reals else packed.meaning.std,
        "rounding": wish.settings.rounding,
        "samples": packed.samples,
        "held_apart": packed.fidelity.samples,
        "agreement": packed.fidelity.agreement,
        "output_error": packed.fidelity.output_error,
        "accuracy_float": packed.fidelity.accuracy_float,
        "accuracy_packed": packed.fidelity.accuracy_packed,
        "agreement_with_the_unpruned": None if cost is None else cost.agreement,
        "losses": dict(packed.fidelity.losses),
        "choices": [vars(choice) for choice in packed.choices],
        "notes": list(packed.notes),
        "refused": dict(packed.refused),
        "holds": packed.fidelity.holds,
    }


SHARES = ("agreement", "accuracy_float", "accuracy_packed", "agreement_with_the_unpruned")


def print_facts(packed: PackedFile, found: dict[str, object]) -> None:
    from tinygmp.commands import show

    hidden = ("losses", "choices", "notes", "holds", "refused")
    rows = [
        (key.replace("_", " "), told(key, value))
        for key, value in found.items()
        if key not in hidden and value is not None
    ]
    show.print_table(f"'{packed.model.name}'", ("what", "value"), rows)
    if packed.fidelity.losses:
        show.print_table(
            "values that lose most, each rounded alone",
            ("value", "error in deviations of the output"),
            [(name, f"{error:.3f}") for name, error in packed.fidelity.losses.items()],
        )
    if packed.choices:
        from tinygmp.report.rows import NONE

        head = ("pruned for", "nonzero", "multiply-adds", "instructions, layers with weights")
        choices = [
            (
                one.objective, f"{one.nonzero:,}", f"{one.multiply_adds:,}",
                NONE if one.instructions is None else f"{one.instructions:,}",
            )
            for one in packed.choices
        ]  # fmt: skip
        show.print_table("what each objective leaves at as many zeros", head, choices)
    for note in packed.notes:
        print(f"note: {note}")
    for target, reason in packed.refused.items():
        print(f"not for {target}: {reason}")


def told(key: str, value: object) -> str:
    if key in SHARES and isinstance(value, float):
        return f"{100 * value:.2f} %"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
