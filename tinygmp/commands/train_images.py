"""`tinygmp train-images`: MobileNet-V1 from one's own pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tinygmp.train.fit_network import EpochRecord

USUAL_SPARSITY = 0.75
TOLD_PICTURES = 10_000  # fewer are decoded in a moment


def train_images(
    data: Annotated[Path, typer.Option(help="folder of train/<class> and test/<class>, CIFAR-10, or .npz")],
    out: Annotated[
        Path, typer.Option(help="folder of model, networks and report; a stopped run goes on")
    ] = Path("runs/mobilenet"),
    width: Annotated[float, typer.Option(help="width multiplier")] = 0.5,
    size: Annotated[int, typer.Option(help="rows and columns of an image")] = 32,
    classes: Annotated[int | None, typer.Option(help="refuse data of another class count")] = None,
    sparsity: Annotated[
        float | None, typer.Option(help="fraction of zeros; none: 0.75, or what a budget leaves")
    ] = None,
    objective: Annotated[
        str, typer.Option(help="what weights that stay shall cost little of: bytes, flops or time:CORE")
    ] = "bytes",
    budget: Annotated[
        float | None, typer.Option(help="in place of a sparsity: multiply-adds or instructions that may stay")
    ] = None,
    gradual: Annotated[bool, typer.Option(help="prune over the first epochs instead of at once")] = False,
    minimum_share: Annotated[float | None, typer.Option(help="of all weights, kept in every layer")] = None,
    dense_epochs: Annotated[int, typer.Option(help="epochs before pruning", min=1)] = 20,
    epochs: Annotated[int, typer.Option(help="epochs after pruning", min=1)] = 7,
    batch_size: Annotated[
        int | None,
        typer.Option(
            help="over all processes; none: 128, fewer where that takes over 3 GB, or of few pictures", min=1
        ),
    ] = None,
    dense_rate: Annotated[float, typer.Option(help="highest learning rate before pruning")] = 0.1,
    rate: Annotated[float, typer.Option(help="highest learning rate after pruning")] = 0.02,
    label_smoothing: Annotated[float, typer.Option(min=0, max=0.9)] = 0.0,
    ema: Annotated[
        float, typer.Option(help="decay of the weights' moving average, such as 0.999; 0: none")
    ] = 0.0,
    amp: Annotated[bool, typer.Option("--amp", help="16-bit products, on a GPU only")] = False,
    distill: Annotated[float, typer.Option(help="share of the dense network's answers in the loss")] = 0.0,
    batch_norm_batches: Annotated[
        int, typer.Option(help="that measure batch norm again after one-shot pruning; 0: none")
    ] = 20,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    workers: Annotated[int, typer.Option(help="threads that decode and augment", min=1)] = 1,
    mirror: Annotated[bool, typer.Option(help="mirror half of the training images")] = True,
    crop_scale: Annotated[
        float | None,
        typer.Option(
            help="random resized crops: least share of the area, such as 0.5; none: shifted by a few pixels"
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="folder of decoded pictures of large sets; none: image_cache beside --out"),
    ] = None,
    skip_corrupt: Annotated[bool, typer.Option(help="leave out pictures that cannot be decoded")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,
) -> None:
    """Train an image network of your own pictures: dense, pruned globally, fine-tuned, packed, scored.

    DATA is a folder with train/<class>/ and test/<class>/ (or val/<class>/), a folder with cifar-10-batches-py, or an
    .npz file with pixels, labels, test_pixels, test_labels. A stopped run continues after its last epoch.
    """
    from tinygmp.commands.show import print_json
    from tinygmp.projects.needs import need_torch

    need_torch()
    from tinygmp.data.training_images import Reading
    from tinygmp.projects.image_recipe import ImageRecipe, batch_within_memory
    from tinygmp.projects.train_images import train_images as workflow

    recipe = ImageRecipe(
        width=width,
        size=size,
        sparsity=(USUAL_SPARSITY if budget is None else 0.0) if sparsity is None else sparsity,
        objective=objective,
        budget=budget,
        gradual=gradual,
        minimum_share=minimum_share,
        dense_epochs=dense_epochs,
        epochs=epochs,
        batch_size=batch_size or batch_within_memory(width, size),
        dense_rate=dense_rate,
        rate=rate,
        label_smoothing=label_smoothing,
        average_decay=ema,
        mixed_precision=amp,
        distill=distill,
        batch_norm_batches=batch_norm_batches,
        seed=seed,
        workers=workers,
    )
    reading = Reading(size, skip_corrupt, workers, mirror, crop_scale)
    report = workflow(recipe, data, out, reading, classes, cache, tell_step, tell, batch_size is None)
    if report is not None and as_json:
        print_json(report)
    elif report is not None:
        show(report, out)


def tell_step(what: str, done: int, total: int) -> None:
    if total > TOLD_PICTURES:
        print(f"{what}: {done:,} of {total:,}", file=sys.stderr)


def tell(stage: str, record: EpochRecord) -> None:
    zeros = f", {record.sparsity:.1%} zeros" if record.sparsity else ""
    print(
        f"{stage}, epoch {record.epoch + 1}: loss {record.loss:.3f}, held-out {record.accuracy:.2%}{zeros}, "
        f"{record.train_seconds:.1f} s",
        file=sys.stderr,
    )


def show(report: dict[str, Any], out: Path) -> None:
    """Print the report as tables."""
    from tinygmp.commands.show import print_table

    recipe, counts = report["recipe"], report["images"]
    title = f"{report['data']}: MobileNet-V1 {recipe['width']:g}, {recipe['size']} x {recipe['size']}"
    rows = [
        ("dense, float", percent(report["dense_held_out"]), percent(report["dense_test"]), "", ""),
        (
            f"pruned, float, {report['sparsity']:.1%} zeros",
            percent(report["pruned_held_out"]),
            percent(report["pruned_test"]),
            percent(report["pruned_test_of_packed_images"]),
            "",
        ),
        (
            "packed, int8",
            f"{percent(report['packed_held_out'])} of {report['packed_held_out_images']:,}",
            "",
            percent(report["packed_test"]),
            f"{report['payload_bytes']:,} B",
        ),
    ]
    head = (
        "network",
        "held-out",
        f"test, {counts['test']:,}",
        f"test, {report['packed_images']:,} of these",
        "payload",
    )
    print_table(title, head, rows)
    facts = [
        ("training images", f"{counts['train']:,}, and {counts['held_out']:,} held out"),
        ("test images seen in training", f"{report['test_images_seen_in_training']:,}"),
        ("pictures skipped", f"{len(report['skipped']):,}"),
        ("held-out after pruning at once", percent(report["held_out_after_pruning"])),
        ("with batch norm measured again", percent(report["held_out_after_batch_norm"])),
        ("constant channels silenced", f"{report['constant_channels']:,}"),
        ("nonzero weights packed", f"{report['packed_nonzero']:,} of {report['packed_weights']:,}"),
        ("payload of the dense network", f"{report['dense_payload_bytes']:,} B"),
        (str(out / "model.tgmp"), f"{report['file_bytes']:,} B"),
        ("loader, images a second", f"{report['loader_images_per_second']:,.0f}"),
        ("training, images a second", f"{report['training_images_per_second']:,.0f}"),
        ("fine-tuning, images a second", f"{report['fine_tuning_images_per_second']:,.0f}"),
        ("most memory at once", f"{report['peak_memory_bytes'] / 1024**2:,.0f} MiB"),
    ]
    print_table(f"on {report['device']}, {report['processes']} process(es)", ("fact", "figure"), facts)


def percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f} %"
