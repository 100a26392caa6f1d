"""The plot of `tinygmp fit` as a file of its own: the report's, with the name and the board's flash."""

import io

from tinygmp.device.board import Board
from tinygmp.report.fits import FitFacts
from tinygmp.report.plots import INK, figure
from tinygmp.report.run_plots import draw_variants

SYNTHETIC = " (SYNTHETIC DATA)"
DOTS_PER_INCH = 150
NEAR = 1.5  # times the largest variant: a limit farther away is not drawn


def draw_front(found: FitFacts, limit: Board) -> bytes:
    """Return a PNG; `limit` is the board with what the application leaves. Raises MissingToolError."""
    with figure(7.0, 4.2) as (drawing, axes):
        near = limit.flash_bytes < NEAR * max(one.flash_bytes for one in found.variants)
        if near:
            axes.axvline(limit.flash_bytes, color=INK, linewidth=0.8, label=f"flash of {limit.name}")
        draw_variants(axes, found)
        if near:
            axes.set_xlim(right=max(axes.get_xlim()[1], 1.05 * limit.flash_bytes))
        axes.set_title(f"{found.name}{SYNTHETIC if found.synthetic else ''}")
        stream = io.BytesIO()
        drawing.savefig(stream, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
        return stream.getvalue()
