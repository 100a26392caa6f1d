"""Choose the formats of all tensors of a model at once, so that each decoder's code is paid for once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.choice import READ_BY_EVERY_TARGET, all_encodings
from tinygmp.sparse.decode_cost import ReadingCost, decoders
from tinygmp.sparse.tensor import PackedTensor

MOST_DECODERS = 5  # together in one model; more never pay on a microcontroller
BISECTIONS = 24
HIGHEST_PRICE = 1e3  # bytes that one cycle may weigh


@dataclass(frozen=True)
class Offers:
    """Every way to pack one tensor, with its costs side by side."""

    tensors: list[PackedTensor]
    needs: np.ndarray  # int64, one bit for each decoder piece
    payload: np.ndarray  # float, bytes
    cycles: np.ndarray  # float

    @classmethod
    def of(cls, tensors: list[PackedTensor], cost: ReadingCost, bit_of: Mapping[str, int]) -> "Offers":
        needs = [sum(1 << bit_of[piece] for piece in decoders(tensor)) for tensor in tensors]
        payload = np.array([float(tensor.payload_bytes) for tensor in tensors])
        return cls(tensors, np.array(needs), payload, np.array([cost.cycles(tensor) for tensor in tensors]))


@dataclass(frozen=True)
class Choice:
    packed: dict[str, PackedTensor]
    cycles: float


def choose_together(
    weights: Mapping[str, tuple[np.ndarray, float]],
    cost: ReadingCost,
    candidates: Sequence[str] | None = None,
    value_formats: Sequence[str] = ("int8",),
    most_cycles: float | None = None,
) -> dict[str, PackedTensor]:
    """Return each tensor packed so that payload plus decoder code is least, within a bound on the cycles of all.

    weights: by name, int8 [rows, columns] and scale. Without a bound on cycles the choice is exact for up to five
    decoders; with one, bytes are weighed against cycles by one price for all tensors. Raises FormatError when even
    the fastest formats exceed the bound.
    """
    packed = [
        all_encodings(name, q, scale, candidates or READ_BY_EVERY_TARGET, value_formats)
        for name, (q, scale) in weights.items()
    ]
    pieces = sorted({piece for tensors in packed for tensor in tensors for piece in decoders(tensor)})
    bit_of = {piece: bit for bit, piece in enumerate(pieces)}
    offers = [Offers.of(tensors, cost, bit_of) for tensors in packed]
    code = {
        sum(1 << bit_of[piece] for piece in present): cost.code(frozenset(present))
        for size in range(min(MOST_DECODERS, len(pieces)) + 1)
        for present in combinations(pieces, size)
    }
    best = cheapest(offers, code, 0.0)
    if most_cycles is None or best.cycles <= most_cycles:
        return best.packed
    best = cheapest(offers, code, HIGHEST_PRICE)
    if best.cycles > most_cycles:
        raise FormatError(
            f"the fastest formats need {best.cycles:.0f} cycles, the bound is {most_cycles:.0f}; allow more"
        )
    low, high = 1e-6, HIGHEST_PRICE
    for _ in range(BISECTIONS):
        price = float(np.sqrt(low * high))
        choice = cheapest(offers, code, price)
        if choice.cycles <= most_cycles:
            best, high = choice, price
        else:
            low = price
    return best.packed


def cheapest(offers: Sequence[Offers], code: Mapping[int, int], price: float) -> Choice:
    """Return the choice of least payload + code + price * cycles over all sets of decoders."""
    prices = [each.payload + price * each.cycles for each in offers]
    least, chosen = np.inf, [0] * len(offers)
    for present, code_bytes in code.items():
        held = [
            np.where(each.needs & ~present, np.inf, total) for each, total in zip(offers, prices, strict=True)
        ]
        total = code_bytes + sum(float(row.min()) for row in held)
        if total < least:
            least, chosen = total, [int(row.argmin()) for row in held]
    packed = [each.tensors[at] for each, at in zip(offers, chosen, strict=True)]
    cycles = sum(float(each.cycles[at]) for each, at in zip(offers, chosen, strict=True))
    return Choice({tensor.name: tensor for tensor in packed}, cycles)
