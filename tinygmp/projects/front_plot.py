"""The plot of `tinygmp fit`: held-out accuracy against bytes of flash, the front, the choice, and the limits."""

import io
from collections.abc import Sequence

from tinygmp.device.board import Board
from tinygmp.projects.front import pareto_front
from tinygmp.report.fits import Variant
from tinygmp.report.plots import ACCENT, INK, SOFT, WARM, figure

DOTS_PER_INCH = 150


def draw_front(
    title: str,
    limit: Board,
    variants: Sequence[Variant],
    chosen: Variant | None,
    dense_accuracy: float,
    max_drop: float,
) -> bytes:
    """Return a PNG; `limit` is the board with what the application leaves. Raises MissingToolError."""
    with figure(7.0, 4.2) as (drawing, axes):
        for fits, colour, label in ((True, SOFT, "fits"), (False, "#c8c8c8", "does not fit")):
            points = [one for one in variants if one.fits == fits]
            if points:
                axes.scatter(
                    [one.flash_bytes for one in points], [one.kept for one in points],
                    color=colour, s=28, label=label, zorder=2,
                )  # fmt: skip
        front = pareto_front(variants)
        axes.step(
            [one.flash_bytes for one in front], [one.kept for one in front],
            where="post", color=ACCENT, linewidth=1.3, marker="o", markersize=4, label="Pareto front", zorder=3,
        )  # fmt: skip
        if chosen is not None:
            axes.scatter(
                [chosen.flash_bytes],
                [chosen.kept],
                marker="*",
                s=190,
                color=WARM,
                label="chosen",
                zorder=4,
            )
        axes.axhline(
            dense_accuracy - max_drop,
            color=INK,
            linewidth=0.8,
            linestyle=(0, (4, 3)),
            label="accuracy asked for",
        )
        most = max(one.flash_bytes for one in variants)
        if limit.flash_bytes < 1.5 * most:
            axes.axvline(limit.flash_bytes, color=INK, linewidth=0.8, label=f"flash of {limit.name}")
        axes.set_xlabel(f"flash on {limit.name}, whole program, bytes")
        axes.set_ylabel("held-out accuracy, %")
        axes.set_title(title)
        axes.legend(frameon=False, fontsize="small")
        stream = io.BytesIO()
        drawing.savefig(stream, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
        return stream.getvalue()
