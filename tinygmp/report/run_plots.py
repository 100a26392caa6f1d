"""How a network trained, and the variants that `fit` tried, as SVG text."""

from collections.abc import Sequence
from typing import Any

from tinygmp.report.fits import FitFacts, Variant
from tinygmp.report.plots import (
    ACCENT,
    INK,
    SMALL,
    SOFT,
    WARM,
    accuracy_limits,
    byte_limits,
    figure,
    figures,
    svg,
)
from tinygmp.report.record import Report

COLOURS = (SOFT, ACCENT, WARM)


def training_curves(report: Report) -> str:
    """Return loss and held-out accuracy by epoch of each training; the epochs that remove weights are shaded."""
    with figures(6.4, 4.4, 2, 1, share_heights=False) as (drawing, axes):
        loss, accuracy = axes[0][0], axes[1][0]
        for (name, curve), colour in zip(report.training.items(), COLOURS, strict=False):
            epochs = [one.epoch + 1 for one in curve.epochs]
            loss.plot(epochs, [one.loss for one in curve.epochs], color=colour, linewidth=1.3, label=name)
            measured = [one for one in curve.epochs if one.validation_accuracy is not None]
            accuracy.plot(
                [one.epoch + 1 for one in measured], [one.validation_accuracy for one in measured],
                color=colour, linewidth=1.3, marker="o", markersize=3,
            )  # fmt: skip
            if curve.pruned_from is not None and curve.pruned_to is not None:
                for panel in (loss, accuracy):
                    panel.axvspan(
                        curve.pruned_from + 1, curve.pruned_to + 1, color=WARM, alpha=0.15, linewidth=0
                    )
                place = ((curve.pruned_from + curve.pruned_to) / 2 + 1, 1)
                loss.annotate(
                    "weights are pruned", place, (0, -11), xycoords=("data", "axes fraction"),
                    textcoords="offset points", ha="center", color=INK, fontsize=SMALL,
                )  # fmt: skip
        loss.set_ylabel("training loss")
        loss.legend(frameon=False, fontsize=SMALL, labelcolor=INK)
        accuracy.set_ylabel("held-out accuracy, %")
        accuracy.set_xlabel("epoch")
        return svg(drawing, "training", "Training by epoch")


def fit_front(found: FitFacts, number: int = 0) -> str:
    """Return held-out accuracy against flash of every variant that `fit` tried, the front and the choice.

    number: of the plot on its page, so that no two share an id.
    """
    with figure(6.4, 3.8) as (drawing, axes):
        draw_variants(axes, found)
        return svg(drawing, f"fit{number}", "Held-out accuracy against flash of the variants that fit tried")


def draw_variants(axes: Any, found: FitFacts) -> None:
    """Draw held-out accuracy against flash of every variant, the front, the choice, and what was asked for."""
    for fits, colour, label in ((True, SOFT, "fits"), (False, "#b8b8b8", "does not fit")):
        points = [one for one in found.variants if one.fits == fits]
        if points:
            axes.scatter(*placed(points), color=colour, s=28, label=label, zorder=2)
    front = [one for one in found.variants if one.name in found.front]
    front.sort(key=lambda one: one.flash_bytes)
    axes.step(
        *placed(front), where="post", color=ACCENT, linewidth=1.3, marker="o", markersize=4,
        label="none better and smaller", zorder=3,
    )  # fmt: skip
    if chosen := [one for one in found.variants if one.name == found.chosen]:
        axes.scatter(*placed(chosen), marker="*", s=180, color=WARM, label="chosen", zorder=4)
    least = found.dense_accuracy - found.max_drop
    axes.axhline(
        least,
        color=INK,
        linewidth=0.8,
        linestyle=(0, (4, 3)),
        label=f"dense less {found.max_drop:g} points",
    )
    axes.set_ylim(*accuracy_limits([*(one.kept for one in found.variants), least]))
    axes.set_xlim(*byte_limits([one.flash_bytes for one in found.variants]))
    axes.set_xlabel(f"flash on {found.board}, whole program, bytes")
    axes.set_ylabel("held-out accuracy, %")
    axes.legend(frameon=False, fontsize=SMALL, labelcolor=INK)


def placed(variants: Sequence[Variant]) -> tuple[list[Any], list[Any]]:
    return [one.flash_bytes for one in variants], [one.kept for one in variants]
