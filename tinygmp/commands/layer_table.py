"""What `tinygmp inspect --core` and `--plan` tell of a packed model: predicted cost by layer, and the memory plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygmp.commands.profile_table import number
from tinygmp.report.rows import NONE

if TYPE_CHECKING:
    from tinygmp.inspect.layer_cost import LayerCosts
    from tinygmp.inspect.memory_plan import PlanTable
    from tinygmp.report.model_page import Part

LAYER_HEAD = (
    "layer",
    "kind",
    "storage",
    "output",
    "multiply-adds",
    "kept",
    "nonzero",
    "instructions",
    "share",
    "bound by",
)
PLAN_HEAD = ("step", "name", "in use", "values: bytes at offset")


def layer_rows(costs: LayerCosts) -> list[Sequence[str]]:
    """Return a row for each layer in its order and one for the whole."""
    rows: list[Sequence[str]] = [
        (
            layer.name, layer.kind, layer.storage or NONE, " x ".join(map(str, layer.shape)),
            number(layer.multiply_adds or None), number(layer.multiply_adds_kept or None),
            number(layer.nonzero or None),
            f"{layer.instructions:,}", f"{100 * layer.share:.1f} %", layer.bound_by,
        )
        for layer in costs.layers
    ]  # fmt: skip
    adds, kept, nonzero = (
        sum(getattr(layer, name) for layer in costs.layers)
        for name in ("multiply_adds", "multiply_adds_kept", "nonzero")
    )
    whole = (
        "the whole",
        "",
        "",
        "",
        number(adds or None),
        number(kept or None),
        number(nonzero or None),
        f"{costs.instructions:,}",
        "100 %",
        "",
    )
    return [*rows, whole]


def layer_title(costs: LayerCosts) -> str:
    """Return what is shown and how it was obtained."""
    return (
        f"'{costs.model}' on {costs.core}: predicted instructions, fitted to counts of {costs.compiler}; off by "
        f"{100 * costs.mean_error:.1f} % on other networks, {100 * costs.held_out_error:.0f} % at most"
    )


def plan_rows(plan: PlanTable) -> list[Sequence[str]]:
    """Return a row for each step: the bytes in use and what they hold."""
    rows: list[Sequence[str]] = []
    for index, step in enumerate(plan.steps):
        alive = [one for one in plan.placed if one.first <= index <= one.last]
        told = ", ".join(f"{one.name}: {one.bytes:,} at {one.offset:,}" for one in alive)
        rows.append((str(index), step, f"{plan.alive_bytes(index):,} B", told))
    return rows


def write_chart(costs: LayerCosts, path: Path) -> None:
    """Write the bar chart of the layers as .svg or, with its table, as .html; raises MissingToolError, ConfigError."""
    from tinygmp.report.model_page import Part
    from tinygmp.report.model_plots import layers_by_cause

    layers = [(layer.name, layer.by_cause) for layer in costs.layers]
    title = layer_title(costs)
    drawn = layers_by_cause(title, layers, f"instructions on {costs.core}")
    write_picture(path, Part(title, drawn, LAYER_HEAD, layer_rows(costs)))


def write_plan(plan: PlanTable, path: Path) -> None:
    """Write the picture of a memory plan as .svg or, with its table, as .html; raises MissingToolError, ConfigError."""
    from tinygmp.inspect.memory_plan import WORK
    from tinygmp.report.model_page import Part
    from tinygmp.report.model_plots import memory_plan

    placed = [
        (one.name.removeprefix(WORK), one.offset, one.bytes, one.first, one.last, one.name.startswith(WORK))
        for one in plan.placed
    ]
    title = f"Memory plan of '{plan.model}': {plan.peak_bytes:,} B, at least {plan.least_bytes:,} B"
    drawn = memory_plan(title, plan.steps, placed, plan.peak_bytes, plan.least_bytes)
    write_picture(path, Part(title, drawn, PLAN_HEAD, plan_rows(plan)))


def write_picture(path: Path, part: Part) -> None:
    """Write a picture alone as .svg, or above its table as .html; raises ConfigError for another ending."""
    from tinygmp.artifact import write_atomically
    from tinygmp.errors import ConfigError
    from tinygmp.report.model_page import model_page, svg_file

    writers = {".svg": lambda: svg_file(part.picture), ".html": lambda: model_page(part.title, [part])}
    if path.suffix not in writers:
        raise ConfigError(
            f"'{path}': a picture is written as .svg, with its table as .html; name the file so"
        )
    write_atomically(path, writers[path.suffix]().encode())


def plain(costs: LayerCosts | None, plan: PlanTable | None) -> dict[str, Any]:
    """Return what --json adds."""
    from dataclasses import asdict

    return {name: asdict(found) for name, found in (("costs", costs), ("memory", plan)) if found is not None}
