"""What would make a model fit: computed from its byte ledger and the measured program, never guessed."""

import math
from dataclasses import dataclass

from tinygmp.packed.image_model import PackedImageModel
from tinygmp.packed.layers import LowRank
from tinygmp.packed.model import PackedModel
from tinygmp.packed.network import PackedNetwork
from tinygmp.packed.sizes import ledger
from tinygmp.workflows.budget_result import BoardBudget

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


def streams_of(model: PackedNetwork) -> Streams:
    """Return the weight streams of a model, from its ledger."""
    parts = ledger(model).by_part()
    size = sum(tensor.size for tensor in model.tensors())
    return Streams(parts.get("values", 0), parts.get("index", 0), model.nnz, size)


def remedies(model: PackedNetwork, found: BoardBudget) -> tuple[str, ...]:
    """Return sentences that say by how much a packed model must change to fit; none when it fits."""
    if found.fits:
        return ()
    told = []
    if found.flash_over_bytes > 0:
        told += flash_remedies(model, found)
    if found.ram_over_bytes > 0:
        told.append(ram_remedy(model, found))
    return tuple(told)


def flash_remedies(model: PackedNetwork, found: BoardBudget) -> list[str]:
    over, streams = found.flash_over_bytes, streams_of(model)
    told = [fewer_nonzeros(streams, over)]
    bits = narrower_values(streams, over)
    if bits >= 1:
        now = 8 * streams.value_bytes / streams.nnz
        told.append(f"or values of at most {bits:.1f} bits in place of {now:.1f}, all else the same")
    if isinstance(model, PackedModel) and (hidden := smaller_hidden(model, over)):
        told.append(
            f"or hidden size {hidden} in place of {model.cell.hidden_size}, at the same sparsity and formats"
        )
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


def smaller_hidden(model: PackedModel, over: int) -> int:
    """Return the largest hidden size that saves so many bytes at the same sparsity, or 0.

    The recurrent matrix of full rank grows with the square of the hidden size; the input matrix, low-rank factors,
    biases and the classifier grow with it; the rest stays.
    """
    hidden, linear, square = model.cell.hidden_size, 0, 0
    quadratic = "" if isinstance(model.cell.u, LowRank) else model.cell.u.name
    matrices = {tensor.name for tensor in model.tensors()}
    for row in ledger(model).rows:
        if row.layer in matrices and row.part in ("values", "index"):
            if row.layer == quadratic:
                square += row.bytes
            else:
                linear += row.bytes
        elif row.layer == model.cell.name and row.part == "biases":
            linear += row.bytes
    for smaller in range(hidden - 1, 0, -1):
        share = smaller / hidden
        if linear * (1 - share) + square * (1 - share**2) >= over:
            return smaller
    return 0


def ram_remedy(model: PackedNetwork, found: BoardBudget) -> str:
    """Return the sentence on RAM, which no sparsity changes."""
    over = found.ram_over_bytes
    if isinstance(model, PackedImageModel):
        room = found.ram_limit_bytes - (found.stack_bytes or 0)
        side = math.floor(model.size * math.sqrt(max(room, 0) / found.ram_bytes))
        return (
            f"RAM is {over:,} B over: {found.ram_bytes:,} B hold pictures between layers, which grow with the square "
            f"of their side; about {side} x {side} pixels in place of {model.size} x {model.size} would fit"
        )
    assert isinstance(model, PackedModel)  # there are two kinds
    units = math.ceil(over / STATE_BYTES_PER_UNIT)
    hidden = model.cell.hidden_size
    if units >= hidden:
        return f"RAM is {over:,} B over, and the state of all {hidden} hidden units is less: choose a larger board"
    return (
        f"RAM is {over:,} B over: {units} of {hidden} hidden units would have to go, at "
        f"{STATE_BYTES_PER_UNIT} B of state each"
    )
