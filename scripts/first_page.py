"""Draw the README's pictures out of the saved reports, light and dark; --check fails when they differ.

accuracy: test accuracy against bytes on HAR-2, ours with every byte counted beside what others published.
flash: what the shipped model's program holds on a board, byte by byte.
"""

import argparse
import io
import json
import re
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import squarify
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tinygmp.artifact import write_atomically
from tinygmp.report.record import Report, read_report

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "pictures"
PUBLISHED = ROOT / "docs" / "reports" / "published_har2.json"
REPORT = ROOT / "har" / "pretrained" / "report.json"
FRONTIER = ROOT / "docs" / "reports" / "har2_frontier.json"
SEEDS = ROOT / "har" / "pretrained" / "seeds.json"


LABELS = ((6, -12), (8, -10), (-70, 32), (8, 4))  # of our sizes, in points from each
LABELLED_ABOVE = ("GRU", "UGRNN", "Global MP, ranks 9, 8")  # so that no label lies on another
SMALL_BYTES = 60  # parts below share one box


@dataclass(frozen=True)
class Theme:
    """Colours on a page of one brightness."""

    name: str
    ink: str
    soft: str
    ours: str
    others: str
    parts: tuple[str, ...]


THEMES = (
    Theme(
        "light",
        "#1f2328",
        "#c8ced6",
        "#1667b7",
        "#a04a12",
        ("#1667b7", "#4a8f5b", "#a86a1d", "#7a5aa6", "#5c6873"),
    ),
    Theme(
        "dark",
        "#e6edf3",
        "#454c56",
        "#6cb0f5",
        "#f0a868",
        ("#2f78c4", "#3f8551", "#a5671a", "#7f60ab", "#59646f"),
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="do not write; exit 1 when a picture differs")
    options = parser.parse_args()
    report = read_report(REPORT)
    seeds, published = json.loads(SEEDS.read_text())["spread"], json.loads(PUBLISHED.read_text())["points"]
    frontier = json.loads(FRONTIER.read_text())["sizes"]
    differing = []
    for theme in THEMES:
        for name, drawn in (
            ("accuracy", accuracy(theme, seeds, frontier, published)),
            ("flash", flash(theme, report)),
        ):
            path = OUT / f"{name}-{theme.name}.svg"
            if options.check:
                differing += [path.name] if not path.is_file() or path.read_text() != drawn else []
            else:
                write_atomically(path, drawn.encode())
    if differing:
        print(f"{', '.join(differing)} differ from the reports: run scripts/first_page.py", file=sys.stderr)
    return int(bool(differing))


def accuracy(
    theme: Theme, seeds: dict[str, Any], frontier: list[dict[str, Any]], published: list[dict[str, Any]]
) -> str:
    """Return accuracy against bytes, bytes on a logarithmic axis."""
    mean, size = seeds["test_accuracy"], seeds["payload_bytes"]["mean"]
    with canvas(theme, 7.2, 3.9) as (drawing, axes):
        sizes = [each["payload_bytes"]["mean"] for each in frontier]
        means = [each["test_accuracy"]["mean"] for each in frontier]
        spread = [each["test_accuracy"]["deviation"] for each in frontier]
        axes.errorbar(
            sizes,
            means,
            yerr=spread,
            color=theme.ours,
            marker="o",
            markersize=7,
            capsize=3,
            linewidth=1.4,
            zorder=3,
        )
        for x, y, place in zip(sizes, means, LABELS, strict=True):
            axes.annotate(
                f"{y:.2f} %, {x:,.0f} B",
                (x, y),
                place,
                textcoords="offset points",
                color=theme.ours,
                fontsize=8,
            )
        axes.annotate(
            "tinygmp, taught, 4-bit values:\nevery byte counted, 5 seeds, last epoch", (sizes[0], 98.8),
            color=theme.ours, fontweight="bold", va="center", ha="left", fontsize=9,
        )  # fmt: skip
        axes.errorbar(
            [size], [mean["mean"]], yerr=[mean["deviation"]], color=theme.ours, marker="s", markersize=6,
            capsize=3, linewidth=1.2, zorder=3, mfc="none",
        )  # fmt: skip
        axes.annotate(
            f"shipped: {mean['mean']:.2f} %, {size:,.0f} B", (size, mean["mean"]), (8, -12),
            textcoords="offset points", color=theme.ours, fontsize=8,
        )  # fmt: skip
        for point in published:
            axes.scatter(
                [point["bytes"]], [point["accuracy"]], s=52, facecolors="none", edgecolors=theme.others,
                linewidths=1.6, zorder=2,
            )  # fmt: skip
            above = point["label"] in LABELLED_ABOVE
            axes.annotate(
                f"{point['label']}\n{point['accuracy']:.2f} %, {point['bytes'] / 1024:,.3g} KB",
                (point["bytes"], point["accuracy"]), (0, 8 if above else -8), textcoords="offset points",
                va="bottom" if above else "top", ha="center", color=theme.others, fontsize=8,
            )  # fmt: skip
        axes.set_xscale("log")
        axes.set_xlim(420, 160_000)
        axes.set_ylim(92.7, 99.2)
        axes.set_xticks([512, 1024, 4096, 16384, 65536], ["512 B", "1 KB", "4 KB", "16 KB", "64 KB"])
        axes.minorticks_off()
        axes.grid(color=theme.soft, linewidth=0.6)
        axes.set_xlabel("size; hollow: as published, best epoch on the test set, indices not always counted")
        axes.set_ylabel("HAR-2 test accuracy, %")
        return svg(drawing, f"accuracy-{theme.name}", "HAR-2 test accuracy against size, ours and published")


def flash(theme: Theme, report: Report) -> str:
    """Return a treemap of the shipped chain's program on its first board."""
    board = report.devices[0]
    parts = dict(report.packed.by_part)
    parts["code, start-up and test loop"] = board.flash_bytes - report.packed.payload_bytes
    small = {name: size for name, size in parts.items() if size < SMALL_BYTES}
    parts = {name: size for name, size in parts.items() if name not in small}
    parts[", ".join(small)] = sum(small.values())
    ordered = sorted(parts.items(), key=lambda part: -part[1])
    boxes = squarify.squarify(
        squarify.normalize_sizes([size for _, size in ordered], 100, 100), 0, 0, 100, 100
    )
    with canvas(theme, 7.2, 3.0) as (drawing, axes):
        for (name, size), box, colour in zip(ordered, boxes, theme.parts * 3, strict=False):
            axes.add_patch(
                Rectangle((box["x"], box["y"]), box["dx"], box["dy"], facecolor=colour, edgecolor="white")
            )
            if box["dx"] * box["dy"] > 120:
                axes.annotate(
                    f"{textwrap.fill(name, max(8, int(box['dx'] * 1.4)))}\n{size:,} B",
                    (box["x"] + box["dx"] / 2, box["y"] + box["dy"] / 2), ha="center", va="center",
                    color="white", fontsize=9,
                )  # fmt: skip
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.set_axis_off()
        axes.set_title(
            f"all {board.flash_bytes:,} B of flash: HAR-2 on {board.board} ({board.core}); RAM {board.ram_bytes} B",
            color=theme.ink, fontsize=10,
        )  # fmt: skip
        return svg(drawing, f"flash-{theme.name}", "The whole program in flash, part by part")


@contextmanager
def canvas(theme: Theme, width: float, height: float) -> Iterator[tuple[Any, Any]]:
    ink = dict.fromkeys(
        ("axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "text.color"), theme.ink
    )
    style = ink | {
        "svg.fonttype": "none",
        "font.size": 9.0,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with matplotlib.rc_context(style):
        drawing = Figure(figsize=(width, height), layout="constrained")
        yield drawing, drawing.subplots()


def svg(drawing: Any, name: str, title: str) -> str:
    """Return the drawing as repeatable SVG with a title for screen readers."""
    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        drawing.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", text.getvalue(), flags=re.DOTALL)
    return re.sub(r"(<svg [^>]*)>", rf'\1 role="img"><title>{title}</title>', body, count=1)


if __name__ == "__main__":
    sys.exit(main())
