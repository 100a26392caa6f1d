"""`tinygmp inspect`: what is inside a model, a program or a converted file?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygmp.commands import completion
from tinygmp.commands.options import SHIPPED, Json

if TYPE_CHECKING:
    from tinygmp.inspect.file import FileInspection, LayerRow, TensorRow
    from tinygmp.inspect.packed import Inspection, TensorFacts

Artifact = Annotated[
    str,
    typer.Argument(
        metavar="ARTIFACT",
        help="A .tgmp, .tflite, .onnx or ELF file, a folder of generated C, or a model that comes with tinygmp.",
    ),
]
Core = Annotated[
    str | None,
    typer.Option(
        "--core",
        metavar="CORE",
        autocompletion=completion.predicted_cores,
        help="Predict what each layer takes on it, cortex-m4f for one.",
    ),
]
Chart = Annotated[
    Path | None,
    typer.Option(
        "--chart", metavar="FILE", help="With --core: its bars as .svg, or with the table as .html."
    ),
]
Plan = Annotated[
    Path | None,
    typer.Option("--plan", metavar="FILE", help="The memory plan: printed, and drawn as .svg or .html."),
]
MOST_LABELS = 20
LAYER_HEAD = ("layer", "operator", "output", "type", "constants", "scale", "zeros")
CONSTANT_HEAD = ("tensor", "shape", "type", "bytes", "scale", "zeros")
NAME_LETTERS = 48  # of the long names that other tools give, the last ones tell most
TENSOR_HEAD = ("tensor", "shape", "format", "nonzero", "zeros", "scale", "bytes", "limit")


def inspect(
    artifact: Artifact = SHIPPED,
    core: Core = None,
    chart: Chart = None,
    plan: Plan = None,
    as_json: Json = False,
) -> None:
    """Show layers, formats, scales, sparsity and bytes of a packed model or of any other artifact."""
    from tinygmp.commands import show
    from tinygmp.inspect.artifact import inspect_artifact
    from tinygmp.inspect.packed import Inspection

    if core is not None or chart is not None or plan is not None:
        inspect_layers(artifact, core, chart, plan, as_json)
        return
    found = inspect_artifact(artifact)
    if as_json:
        show.print_json(vars(found))
    elif isinstance(found, Inspection):
        print_inspection(found)
    else:
        print_file(found)


def inspect_layers(
    artifact: str, core: str | None, chart: Path | None, plan: Path | None, as_json: bool
) -> None:
    """Tell what each layer takes on a core, and how the memory is planned; write the pictures that are asked for."""
    from tinygmp.commands import layer_table, show
    from tinygmp.errors import ConfigError
    from tinygmp.inspect.layer_cost import layer_costs
    from tinygmp.inspect.memory_plan import plan_table
    from tinygmp.shipped import open_model

    if chart is not None and core is None:
        raise ConfigError(f"'{chart}' shows what layers take on a core; name one with --core")
    model = open_model(artifact)
    costs = None if core is None else layer_costs(model, core)
    planned = None if plan is None else plan_table(model)
    if costs is not None and chart is not None:
        layer_table.write_chart(costs, chart)
    if planned is not None and plan is not None:
        layer_table.write_plan(planned, plan)
    if as_json:
        show.print_json(layer_table.plain(costs, planned))
        return
    if costs is not None:
        show.print_table(
            layer_table.layer_title(costs), layer_table.LAYER_HEAD, layer_table.layer_rows(costs)
        )
    if planned is not None:
        title = f"memory plan: {planned.peak_bytes:,} B, at least {planned.least_bytes:,} B"
        show.print_table(title, layer_table.PLAN_HEAD, layer_table.plan_rows(planned))


def print_inspection(found: Inspection) -> None:
    """Print the tables of a model."""
    from tinygmp.commands import show
    from tinygmp.report.rows import size

    if found.synthetic:
        show.print_synthetic("SYNTHETIC MODEL: trained on synthetic data; its answers mean nothing.")
    layers = [(layer.name, layer.kind, layer.what) for layer in found.layers]
    steps = f", {found.steps} steps a window" if found.steps else ""
    show.print_table(f"'{found.name}': {len(found.labels)} classes{steps}", ("layer", "kind", "what"), layers)
    rows = [tensor_row(tensor) for tensor in found.tensors]
    show.print_table(f"{found.nnz:,} nonzero weights, {100 * found.sparsity:.1f} % zeros", TENSOR_HEAD, rows)
    parts = [(part, size(count)) for part, count in found.by_part.items()]
    parts.append(("payload", size(found.payload_bytes)))
    parts.append(("information limit", size(round(found.limit_bytes))))
    parts.append(("entropy limit", size(round(found.entropy_limit_bytes))))
    show.print_table("bytes in flash", ("part", "bytes"), parts)
    facts = [("classes", named(found.labels)), ("input", "; ".join(found.channels))]
    if found.none_beyond is not None:
        facts.append(("none of these", f"answered beyond a distance of {found.none_beyond:,}"))
    show.print_table("provenance", ("what", "value"), facts + sorted(found.provenance.items()))


def named(labels: tuple[str, ...]) -> str:
    """Return the names, of many only the first."""
    shown = ", ".join(labels[:MOST_LABELS])
    return shown if len(labels) <= MOST_LABELS else f"{shown} and {len(labels) - MOST_LABELS:,} more"


def tensor_row(tensor: TensorFacts) -> tuple[str, ...]:
    rows, columns = tensor.shape
    return (
        tensor.name,
        f"{rows} x {columns}",
        f"{tensor.index_format}, {tensor.value_format}",
        f"{tensor.nnz:,}",
        f"{100 * tensor.sparsity:.1f} %",
        f"{tensor.scale:.3g}",
        f"{tensor.payload_bytes:,} B",
        f"{tensor.limit_bytes:,.0f} B",
    )


def print_file(found: FileInspection) -> None:
    """Print the tables of a file that is no packed model."""
    from tinygmp.commands import show
    from tinygmp.report.rows import size

    if found.kind == "elf":
        rows = [(layer.name, size(layer.constant_bytes)) for layer in found.layers]
        show.print_table(f"'{found.name}': symbols in flash", ("symbol", "bytes"), rows)
    elif found.layers:
        operators = [layer_row(layer) for layer in found.layers]
        show.print_table(f"'{found.name}': {len(operators)} operators", LAYER_HEAD, operators)
    constants = [constant_row(tensor) for tensor in found.tensors if tensor.constant]
    if constants:
        show.print_table(f"{len(constants)} constant tensors", CONSTANT_HEAD, constants)
    parts = [(part, size(count)) for part, count in found.by_part.items()]
    show.print_table("bytes", ("part", "bytes"), [*parts, ("files", size(found.file_bytes))])
    for note in found.notes:
        print(f"note: {note}")


def layer_row(layer: LayerRow) -> tuple[str, ...]:
    from tinygmp.report.rows import size

    constants = size(layer.constant_bytes)
    return (short(layer.name), layer.op, by(layer.shape), layer.dtype, constants, scale(layer.scale),
            zeros(layer.sparsity))  # fmt: skip


def constant_row(tensor: TensorRow) -> tuple[str, ...]:
    from tinygmp.report.rows import size

    several = f" (1 of {tensor.scales})" if tensor.scales > 1 else ""
    return (short(tensor.name), by(tensor.shape), tensor.dtype, size(tensor.stored_bytes),
            scale(tensor.scale) + several, zeros(tensor.sparsity))  # fmt: skip


def short(name: str) -> str:
    return name if len(name) <= NAME_LETTERS else f"…{name[-NAME_LETTERS:]}"


def by(shape: tuple[int, ...]) -> str:
    """Return a shape in words; a dimension that is open is a question mark."""
    return " x ".join("?" if size < 0 else str(size) for size in shape) or "–"


def scale(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def zeros(sparsity: float | None) -> str:
    return "–" if sparsity is None else f"{100 * sparsity:.1f} %"
