"""What would make a model fit: computed from its byte ledger and the measured program, never guessed."""

import math
from dataclasses import dataclass

from tinygmp.budget.result import BoardBudget
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.fastgrnn import FastGrnn, LowRank

STATE_BYTES_PER_UNIT = 3  # in RAM, of a FastGRNN's hidden unit: an int16 and its upper byte


@dataclass(frozen=True)
class Streams:
    """Weight streams of a model in bytes, and how many nonzeros of how many weights they hold."""

    value_bytes: int
    index_bytes: int
    nnz: int
    size: int

    @property
    def bytes_per_nonzero(self) -> float:
        return (self.value_bytes + self.index_bytes) / max(self.nnz, 1)


def streams_of(model: PackedModel) -> Streams:
    """Return the weight streams of a model, from its ledger."""
    parts = ledger(model).by_part()
    size = sum(tensor.size for tensor in model.tensors())
    return Streams(parts.get("values", 0), parts.get("index", 0), model.nnz, size)


def remedies(model: PackedModel, found: BoardBudget) -> tuple[str, ...]:
    """Return sentences that say by how much a packed model must change to fit; none when it fits."""
    if found.fits:
        return ()
    told = []
    if found.flash_over_bytes > 0:
        told += flash_remedies(model, found)
    if found.ram_over_bytes > 0:
        told.append(ram_remedy(model, found))
    return tuple(told)


def flash_remedies(model: PackedModel, found: BoardBudget) -> list[str]:
    over, streams = found.flash_over_bytes, streams_of(model)
    told = [fewer_nonzeros(streams, over)]
    bits = narrower_values(streams, over)
    if bits >= 1:
        now = 8 * streams.value_bytes / streams.nnz
        told.append(f"or values of at most {bits:.1f} bits in place of {now:.1f}, all else the same")
    for node in model.nodes_of(FastGrnn):
        if hidden := smaller_hidden(model, node, over):
            now = hidden_size(node)
            told.append(f"or hidden size {hidden} in place of {now}, at the same sparsity and formats")
    code = found.engine_bytes + found.support_bytes
    if code >= found.flash_limit_bytes:
        told.append(f"code and start-up alone take {code:,} B: choose a larger board or a smaller reserve")
    return told


def fewer_nonzeros(streams: Streams, over: int) -> str:
    """Return the sentence on sparsity: how many nonzeros must go, at the bytes that each takes now."""
    each = streams.bytes_per_nonzero
    if each == 0 or over > streams.value_bytes + streams.index_bytes:
        return (
            f"flash is {over:,} B over and all {streams.nnz:,} nonzeros take "
            f"{streams.value_bytes + streams.index_bytes:,} B: no sparsity makes it fit"
        )
    gone = math.ceil(over / each)
    before, after = (1 - kept / streams.size for kept in (streams.nnz, max(streams.nnz - gone, 0)))
    return (
        f"flash is {over:,} B over: {min(gone, streams.nnz):,} of {streams.nnz:,} nonzeros would have to go at "
        f"{each:.2f} B each (sparsity {100 * before:.1f} % to {100 * after:.1f} %)"
    )


def narrower_values(streams: Streams, over: int) -> float:
    """Return the most bits that a stored value may have, rounded down to tenths; below 1 there is no such form."""
    if streams.nnz == 0 or over > streams.value_bytes:
        return 0.0
    return math.floor(10 * 8 * (streams.value_bytes - over) / streams.nnz) / 10


def hidden_size(node: Node) -> int:
    assert isinstance(node.operator, FastGrnn)
    return node.operator.hidden_size


def smaller_hidden(model: PackedModel, node: Node, over: int) -> int:
    """Return the largest hidden size that saves so many bytes at the same sparsity, or 0.

    The recurrent matrix of full rank grows with the square of the hidden size; the input matrix, low-rank factors,
    biases and the classifier grow with it; the rest stays.
    """
    cell = node.operator
    assert isinstance(cell, FastGrnn)
    hidden, linear, square = cell.hidden_size, 0, 0
    quadratic = "" if isinstance(cell.u, LowRank) else cell.u.name
    matrices = {tensor.name for tensor in model.tensors()}
    for row in ledger(model).rows:
        if row.layer in matrices and row.part in ("values", "index"):
            if row.layer == quadratic:
                square += row.bytes
            else:
                linear += row.bytes
        elif row.layer == node.name and row.part == "biases":
            linear += row.bytes
    for smaller in range(hidden - 1, 0, -1):
        share = smaller / hidden
        if linear * (1 - share) + square * (1 - share**2) >= over:
            return smaller
    return 0


def ram_remedy(model: PackedModel, found: BoardBudget) -> str:
    """Return the sentence on RAM, which no sparsity changes."""
    over = found.ram_over_bytes
    if not model.recurrent:
        room = found.ram_limit_bytes - (found.stack_bytes or 0)
        share = math.sqrt(max(room, 0) / found.ram_bytes)
        rows, columns, _ = model.input.map_shape
        return (
            f"RAM is {over:,} B over: {found.ram_bytes:,} B hold pictures between layers, which grow with the square "
            f"of their side; about {math.floor(rows * share)} x {math.floor(columns * share)} pixels in place of "
            f"{rows} x {columns} would fit"
        )
    units = math.ceil(over / STATE_BYTES_PER_UNIT)
    hidden = sum(hidden_size(node) for node in model.nodes_of(FastGrnn))
    if units >= hidden:
        return f"RAM is {over:,} B over, and the state of all {hidden} hidden units is less: choose a larger board"
    return (
        f"RAM is {over:,} B over: {units} of {hidden} hidden units would have to go, at "
        f"{STATE_BYTES_PER_UNIT} B of state each"
    )
