"""What a mask leaves of each layer, as text to read before training starts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tinygmp.prune.flops import NetworkFlops
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.selection import LeftOut

NAMED = 4  # parameters that a line on what is left out names

HEADER = ("layer", "shape", "weights", "kept", "sparsity %", "multiply-adds", "kept", "kept %")


def pruning_rows(mask: PruneMask, flops: NetworkFlops | None = None) -> list[tuple[str, ...]]:
    """Return one row per layer of the mask and a total: name, shape, weights, kept, sparsity, multiply-adds
    kept.

    With flops, layers that have weights but are outside the mask stand in the table as dense.
    """
    shapes = {name: array.shape for name, array in mask.kept.items()}
    counted = {layer.name: layer for layer in flops.layers} if flops is not None else {}
    rows = []
    nnz = mask.layer_nnz()
    for name in dict.fromkeys([*counted, *shapes]):
        shape = shapes.get(name) or counted[name].shape
        weights = mask[name].size if name in mask else counted[name].weights
        kept = nnz.get(name, weights)
        layer = counted.get(name)
        costs = (layer.multiply_adds, layer.multiply_adds_kept) if layer is not None else None
        rows.append(_row(name if name in mask else f"{name} (dense)", shape, weights, kept, costs))
    total = (flops.multiply_adds, flops.multiply_adds_kept) if flops is not None else None
    rows.append(_row("prunable, all", (), mask.size, mask.nnz, total))
    return rows


def pruning_table(
    mask: PruneMask, flops: NetworkFlops | None = None, left_out: Mapping[str, LeftOut] | None = None
) -> str:
    """Return the rows as aligned plain text, below them a line for each reason why parameters are left out."""
    rows = [HEADER, *pruning_rows(mask, flops)]
    if flops is None:
        rows = [row[:5] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join([*(_line(row, widths) for row in rows), *_left_out_lines(left_out or {})])


def _left_out_lines(left_out: Mapping[str, LeftOut]) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for name, one in left_out.items():
        by_reason.setdefault(one.reason, []).append(name)
    lines = []
    for reason, names in by_reason.items():
        values = sum(math.prod(left_out[name].shape) for name in names)
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        lines.append(f"left out, {reason}: {', '.join(names[:NAMED])}{more} ({values:,} values)")
    return lines


def _row(
    name: str, shape: Sequence[int], weights: int, kept: int, costs: tuple[int, int] | None
) -> tuple[str, ...]:
    sparsity = f"{100 * (1 - kept / weights):.2f}"
    cells = (name, " x ".join(str(side) for side in shape), f"{weights:,}", f"{kept:,}", sparsity)
    if costs is None:
        return (*cells, "", "", "")
    return (*cells, f"{costs[0]:,}", f"{costs[1]:,}", f"{100 * costs[1] / costs[0]:.2f}")


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    left = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
    right = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
    return "  ".join(left + right).rstrip()
