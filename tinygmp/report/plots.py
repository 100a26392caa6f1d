"""The report's plots as SVG text. Ink that must follow the page's theme is drawn in `currentColor`."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tinygmp.errors import MissingToolError
from tinygmp.report.record import Report

INK = "#010203"  # replaced by currentColor, so that one file serves light, dark and print
ACCENT, SOFT, WARM = "#2f7fd0", "#9bbfe3", "#d9822b"
PALETTE = ("#2f7fd0", "#d9822b", "#4a9a62", "#8d6bb8", "#c24d4d", "#7a8794", "#c9a227")
SMALL, NORMAL = 9.0, 10.0
STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # names come from users
    "font.family": "sans-serif",
    "font.size": NORMAL,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
}


@dataclass(frozen=True)
class Point:
    """A model on the plane of bytes against accuracy."""

    label: str
    payload_bytes: int
    accuracy: float


def accuracy_against_bytes(report: Report) -> str:
    """Return the plot of packed accuracy against payload bytes: the sweep as a line, this run, the shipped model."""
    with figure(6.4, 3.6) as (drawing, axes):
        sweep = sorted(report.sweep, key=lambda point: point.payload_bytes)
        if sweep:
            axes.plot(
                [point.payload_bytes for point in sweep],
                [point.accuracy for point in sweep],
                color=SOFT, marker="o", markersize=5, linewidth=1.5, zorder=1,
            )  # fmt: skip
            for point in sweep:
                label_point(axes, point.payload_bytes, point.accuracy, f"{100 * point.sparsity:.0f} %", -14)
        for model, colour, above in zip(named_points(report), (ACCENT, WARM), (9, 21), strict=False):
            axes.scatter([model.payload_bytes], [model.accuracy], color=colour, s=60, zorder=3)
            label_point(axes, model.payload_bytes, model.accuracy, model.label, above)
        axes.axhline(report.dense.accuracy, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), alpha=0.6)
        axes.annotate(
            f"dense, float: {report.dense.accuracy:.2f} %", (0, report.dense.accuracy), (4, 3),
            xycoords=("axes fraction", "data"), textcoords="offset points", ha="left", color=INK, fontsize=SMALL,
        )  # fmt: skip
        shown = [*(point.accuracy for point in sweep), *(point.accuracy for point in named_points(report))]
        sizes = [
            *(point.payload_bytes for point in sweep),
            *(point.payload_bytes for point in named_points(report)),
        ]
        axes.set_ylim(*accuracy_limits([*shown, report.dense.accuracy]))
        axes.set_xlim(*byte_limits(sizes))
        axes.set_xlabel("payload in flash, bytes")
        axes.set_ylabel("test accuracy, %")
        return svg(drawing, "accuracy", "Test accuracy against payload bytes")


def accuracy_limits(accuracies: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis of per cent: a little room around what is shown, never far past 100."""
    low, high = min(accuracies), max(accuracies)
    room = max(0.3 * (high - low), 2.0)
    return max(-1.0, low - room), min(high + room, 100.0 + 0.12 * (min(high, 100.0) - low + room))


def byte_limits(sizes: Sequence[int]) -> tuple[float, float]:
    """Return the ends of an axis of bytes: from 0 where there is one size, else a little room around all."""
    low, high = min(sizes), max(sizes)
    if high - low < 0.02 * high:
        return 0.0, 1.4 * high + 1
    room = 0.16 * (high - low)
    return max(0.0, low - room), high + room


def named_points(report: Report) -> list[Point]:
    points = [Point("this run", report.packed.payload_bytes, report.packed.accuracy)]
    if report.shipped is not None:
        points.append(Point("shipped", report.shipped.payload_bytes, report.shipped.accuracy))
    return points


def label_point(axes: Any, x: float, y: float, text: str, offset: float) -> None:
    axes.annotate(
        text, (x, y), (0, offset), textcoords="offset points", ha="center", color=INK, fontsize=SMALL
    )


def bytes_by_part(by_part: Mapping[str, int]) -> str:
    """Return horizontal bars, the largest part on top."""
    return bars(
        "parts",
        "Payload bytes by part",
        sorted(by_part.items(), key=lambda item: item[1]),
        [f"{size:,} B" for size in sorted(by_part.values())],
        "bytes in flash",
    )


def sparsity_by_matrix(report: Report) -> str:
    """Return horizontal bars of the share of zeros, in the order of execution from the top."""
    matrices = list(report.pruned.by_matrix.items())[::-1]
    return bars(
        "sparsity",
        "Sparsity by matrix",
        [(name, 100 * matrix.sparsity) for name, matrix in matrices],
        [f"{100 * matrix.sparsity:.1f} %, {matrix.nnz:,} of {matrix.size:,}" for _, matrix in matrices],
        "zeros, %",
        limit=100,
    )


def bars(
    name: str,
    title: str,
    values: Sequence[tuple[str, float]],
    labels: Sequence[str],
    unit: str,
    limit: float | None = None,
) -> str:
    with figure(4.6, 0.7 + 0.36 * max(len(values), 1)) as (drawing, axes):
        rows = range(len(values))
        colours = [PALETTE[index % len(PALETTE)] for index in reversed(rows)]
        axes.barh(rows, [value for _, value in values], height=0.62, color=colours)
        axes.set_yticks(rows, [part for part, _ in values])
        largest = limit or max([value for _, value in values], default=1)
        for row, ((_, value), label) in enumerate(zip(values, labels, strict=True)):
            inside = value > 0.6 * largest
            axes.annotate(
                label, (value, row), (-5 if inside else 5, 0), textcoords="offset points", va="center",
                ha="right" if inside else "left", color="white" if inside else INK, fontsize=SMALL,
            )  # fmt: skip
        axes.set_xlim(0, largest * (1 if limit else 1.08))
        axes.set_xlabel(unit)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        return svg(drawing, name, title)


@contextmanager
def figure(width: float, height: float) -> Iterator[tuple[Any, Any]]:
    """Give a figure of a size in inches and its axes in the report's style, without touching global settings."""
    with figures(width, height, 1, 1) as (drawing, axes):
        yield drawing, axes[0][0]


@contextmanager
def figures(
    width: float, height: float, rows: int, columns: int, share_heights: bool = True
) -> Iterator[tuple[Any, Any]]:
    """Give a figure and its axes by row and column in the report's style; a column shares x, and y if asked for."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingToolError(
            "'matplotlib' is missing; it draws the report's plots: python -m pip install 'tinygmp[report]'"
        ) from error
    with matplotlib.rc_context(STYLE):
        drawing = Figure(figsize=(width, height), layout="constrained")
        yield (
            drawing,
            drawing.subplots(
                rows, columns, squeeze=False, sharex="col", sharey="col" if share_heights else False
            ),
        )


def svg(drawing: Any, name: str, title: str) -> str:
    """Return one <svg> element for a page: own ids, no fixed size, a title for screen readers; repeatable."""
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        drawing.savefig(
            text, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Type": None}
        )
    body = text.getvalue()
    body = body[body.index("<svg") :]
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = body.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    body = body.replace(INK, "currentColor")
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    head, rest = body.split(">", 1)
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    return f'{head} role="img" aria-label="{title}"><title>{title}</title>{rest.strip()}'
