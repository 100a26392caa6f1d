"""Flash by content, as rectangles whose areas are bytes."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from tinygmp.errors import MissingToolError
from tinygmp.report.plots import PALETTE, SMALL, figure, svg
from tinygmp.report.record import Report

WIDTH_INCHES, HEIGHT_INCHES, POINTS_PER_INCH = 6.4, 3.6, 72
LETTER, LINE = 0.62, 1.35  # width of a letter and height of a line, of the font's size, with room around them


def flash_treemap(report: Report) -> str:
    """Return rectangles whose areas are bytes in flash: the parts of every tensor, and the code on the first board."""
    parts = [
        (f"{layer} {part}", size, index)
        for index, (layer, sizes) in enumerate(report.packed.by_layer.items())
        for part, size in sizes.items()
    ] or [(part, size, index) for index, (part, size) in enumerate(report.packed.by_part.items())]
    for board in report.devices[:1]:
        code_bytes = board.flash_bytes - report.packed.payload_bytes
        if code_bytes > 0:
            parts.append((f"code, start-up and test loop on {board.board}", code_bytes, len(PALETTE) - 2))
    parts = sorted((part for part in parts if part[1]), key=lambda part: -part[1])
    with figure(WIDTH_INCHES, HEIGHT_INCHES) as (drawing, axes):
        for box, (name, size, colour) in zip(areas([size for _, size, _ in parts]), parts, strict=True):
            axes.add_patch(rectangle(box, PALETTE[colour % len(PALETTE)], f"{name}: {size:,} B"))
            if label := fitting(name, f"{size:,} B", box["dx"], box["dy"]):
                middle = (box["x"] + box["dx"] / 2, box["y"] + box["dy"] / 2)
                axes.annotate(label, middle, ha="center", va="center", color="white", fontsize=SMALL)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.set_axis_off()
        return svg(drawing, "flash", "Flash by content")


def areas(sizes: Sequence[int]) -> list[dict[str, float]]:
    """Return a box (x, y, dx, dy) in a square of 100 for each size, in descending order of size."""
    try:
        import squarify
    except ImportError as error:
        raise MissingToolError(
            "'squarify' is missing; it lays out the report's treemap: python -m pip install 'tinygmp[report]'"
        ) from error
    return list(squarify.squarify(squarify.normalize_sizes(sizes, 100, 100), 0, 0, 100, 100))


def rectangle(box: Mapping[str, float], colour: str, name: str) -> Any:
    from matplotlib.patches import Rectangle

    patch = Rectangle(
        (box["x"], box["y"]), box["dx"], box["dy"], facecolor=colour, edgecolor="white", linewidth=1
    )
    patch.set_gid(re.sub(r"[^a-z0-9]+", "-", f"box-{name.lower()}"))
    return patch


def fitting(name: str, size: str, width: float, height: float) -> str:
    """Return a label that stays inside a box of that width and height in per cent; '' where none does."""
    letters = int(width / 100 * WIDTH_INCHES * POINTS_PER_INCH / (LETTER * SMALL))
    most_lines = int(height / 100 * HEIGHT_INCHES * POINTS_PER_INCH / (LINE * SMALL))
    for text in (f"{name}\n{size}", size):
        lines = [
            part
            for line in text.split("\n")
            for part in textwrap.wrap(line, max(1, letters), break_long_words=False)
        ]
        if len(lines) <= most_lines and max(map(len, lines)) <= letters:
            return "\n".join(lines)
    return ""
