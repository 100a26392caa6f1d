"""`tinygmp inspect`: what is inside a packed model?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinygmp.commands.options import SHIPPED, Json, Model

if TYPE_CHECKING:
    from tinygmp.workflows.inspect import Inspection, TensorFacts

MOST_LABELS = 20
TENSOR_HEAD = ("tensor", "shape", "format", "nonzero", "zeros", "scale", "bytes", "limit")


def inspect(model: Model = SHIPPED, as_json: Json = False) -> None:
    """Show layers, formats, sparsity, bytes against the limit and provenance of a packed model."""
    from tinygmp.commands import show
    from tinygmp.workflows.inspect import inspect as inspect_model
    from tinygmp.workflows.pretrained import open_network

    found = inspect_model(open_network(model))
    if as_json:
        show.print_json(vars(found))
    else:
        print_inspection(found)


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
