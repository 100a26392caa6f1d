"""Pictures of one model: what its layers take, and how its memory is planned."""

from collections.abc import Mapping, Sequence
from typing import Any

from tinygmp.report.plots import ACCENT, INK, PALETTE, SMALL, SOFT, WARM, figure, svg

LETTERS = 14  # of a name inside the picture of a plan
SMALLEST_NAMED = 0.04  # of the peak


def layers_by_cause(title: str, layers: Sequence[tuple[str, Mapping[str, float]]], unit: str) -> str:
    """Return a horizontal bar a layer, in their order from the top, each in pieces by cause."""
    causes = list(dict.fromkeys(key for _, parts in layers for key in parts))
    rows = list(range(len(layers)))[::-1]
    with figure(7.2, 1.0 + 0.24 * max(len(layers), 1)) as (drawing, axes):
        begin = [0.0] * len(layers)
        for index, cause in enumerate(causes):
            parts = [float(by_cause.get(cause, 0)) for _, by_cause in layers]
            axes.barh(rows, parts, left=begin, height=0.7, color=PALETTE[index % len(PALETTE)], label=cause)
            begin = [before + part for before, part in zip(begin, parts, strict=True)]
        axes.set_yticks(rows, [name for name, _ in layers], fontsize=SMALL)
        axes.set_xlabel(unit)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.legend(frameon=False, fontsize=SMALL, labelcolor=INK)
        axes.tick_params(axis="y", length=0)
        return svg(drawing, "layers", title)


def memory_plan(
    title: str,
    steps: Sequence[str],
    placed: Sequence[tuple[str, int, int, int, int, bool]],
    peak_bytes: int,
    least_bytes: int,
) -> str:
    """Return boxes over time: (name, offset, bytes, first step, last step, whether it is only work space)."""
    with figure(max(6.4, 1.5 + 0.3 * len(steps)), 4.2) as (drawing, axes):
        for name, offset, size, first, last, work in placed:
            box(axes, name, (first, offset), (last - first + 1, size), SOFT if work else ACCENT, peak_bytes)
        for height, label, style in ((peak_bytes, "peak", "-"), (least_bytes, "lower bound", "--")):
            axes.axhline(height, color=WARM, linewidth=1.2, linestyle=style, label=f"{label}: {height:,} B")
        axes.set_xlim(0, len(steps))
        axes.set_ylim(0, 1.12 * max(peak_bytes, 1))
        axes.set_xticks([index + 0.5 for index in range(len(steps))], steps, rotation=90, fontsize=SMALL)
        axes.set_ylabel("scratch memory, bytes")
        axes.legend(frameon=False, fontsize=SMALL, labelcolor=INK, ncols=2, loc="upper right")
        return svg(drawing, "plan", title)


def box(
    axes: Any, name: str, corner: tuple[int, int], size: tuple[int, int], colour: str, peak_bytes: int
) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle(corner, *size, facecolor=colour, edgecolor="white", linewidth=0.8))
    if size[1] >= SMALLEST_NAMED * peak_bytes:
        short = name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
        middle = (corner[0] + size[0] - 0.5, corner[1] + size[1] / 2)  # where what it was made of is gone
        axes.annotate(
            short,
            middle,
            ha="center",
            va="center",
            color="white",
            fontsize=SMALL - 2,
            rotation=90,
            clip_on=True,
        )
