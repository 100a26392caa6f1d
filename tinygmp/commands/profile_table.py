"""The table of what each layer takes on a core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tinygmp.report.rows import NONE

if TYPE_CHECKING:
    from tinygmp.verify.profile import LayerCost, Profile

HEAD = (
    "layer", "kind", "kernels", "output", "multiply-adds", "kept", "instructions", "predicted", "each kept", "cycles",
    "share",
)  # fmt: skip


def profile_rows(profile: Profile) -> list[Sequence[str]]:
    """Return a row for each layer in its order and one for the whole inference."""
    rows = [layer_row(layer, profile.instructions) for layer in profile.layers]
    multiply_adds = sum(layer.multiply_adds for layer in profile.layers)
    kept = sum(layer.multiply_adds_kept for layer in profile.layers)
    whole = (
        "the whole", "", "", "", f"{multiply_adds:,}", f"{kept:,}", f"{profile.instructions:,}",
        number(predicted(profile)), each(profile.instructions, kept), number(profile.cycles), "100 %",
    )  # fmt: skip
    return [*rows, whole]


def layer_row(layer: LayerCost, whole: int) -> Sequence[str]:
    return (
        layer.name,
        layer.kind,
        ", ".join(layer.kernels),
        " x ".join(map(str, layer.shape)),
        number(layer.multiply_adds or None),
        number(layer.multiply_adds_kept or None),
        f"{layer.instructions:,}",
        number(layer.predicted),
        each(layer.instructions, layer.multiply_adds_kept),
        number(layer.cycles),
        f"{100 * layer.instructions / whole:.1f} %",
    )


def predicted(profile: Profile) -> int | None:
    """Return what all layers together were expected to take."""
    found = [layer.predicted for layer in profile.layers if layer.predicted is not None]
    return sum(found) if found else None


def each(instructions: int, kept: int) -> str:
    """Return the instructions for each multiply-add that is done, all else of the layer included."""
    return f"{instructions / kept:.2f}" if kept else NONE


def number(count: int | None) -> str:
    return NONE if count is None else f"{count:,}"
