"""Choose the formats of all tensors of a model at once, so that each decoder's code is paid for once."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.choice import READ_BY_EVERY_TARGET, all_encodings
from tinygmp.sparse.decode_cost import DecodeCost, decoders
from tinygmp.sparse.tensor import PackedTensor

MOST_DECODERS = 5  # together in one model; more never pay on a microcontroller
BISECTIONS = 40


def choose_together(
    weights: Mapping[str, tuple[np.ndarray, float]],
    cost: DecodeCost,
    candidates: Sequence[str] | None = None,
    value_formats: Sequence[str] = ("int8",),
    most_cycles: float | None = None,
) -> dict[str, PackedTensor]:
    """Return each tensor packed so that payload plus decoder code is least, within a bound on the cycles of all.

    weights: by name, int8 [rows, columns] and scale. Without a bound on cycles the choice is exact for up to five
    decoders; with one, bytes are weighed against cycles by one price for all tensors. Raises FormatError when even
    the fastest formats exceed the bound.
    """
    options = [
        all_encodings(name, q, scale, candidates or READ_BY_EVERY_TARGET, value_formats)
        for name, (q, scale) in weights.items()
    ]
    if most_cycles is None:
        return cheapest(options, cost, 0.0)[1]
    cycles, quick = cheapest(options, cost, float("inf"))
    if cycles > most_cycles:
        raise FormatError(
            f"the fastest formats need {cycles:.0f} cycles, the bound is {most_cycles:.0f}; allow more"
        )
    low, high, best = 0.0, 1e6, quick
    for _ in range(BISECTIONS):
        price = (low + high) / 2 if low else high / 2
        cycles, packed = cheapest(options, cost, price)
        if cycles <= most_cycles:
            best, high = packed, price
        else:
            low = price
        if low == 0 and high < 1e-6:
            return cheapest(options, cost, 0.0)[1]
    return best


def cheapest(
    options: list[list[PackedTensor]], cost: DecodeCost, price: float
) -> tuple[float, dict[str, PackedTensor]]:
    """Return cycles and choice of the least payload + code + price * cycles; an infinite price counts cycles only."""
    needs = [[decoders(tensor) for tensor in tensors] for tensors in options]
    pieces = sorted({piece for row in needs for need in row for piece in need})
    cycles = [np.array([cost.cycles(tensor) for tensor in tensors]) for tensors in options]
    payload = [np.array([float(tensor.payload_bytes) for tensor in tensors]) for tensors in options]
    price, bytes_count = (1.0, 0.0) if np.isinf(price) else (price, 1.0)
    prices = [bytes_count * row + price * spent for row, spent in zip(payload, cycles, strict=True)]
    least, chosen = np.inf, []
    for size in range(min(MOST_DECODERS, len(pieces)) + 1):
        for present in map(frozenset, combinations(pieces, size)):
            allowed = [[need <= present for need in row] for row in needs]
            if not all(any(row) for row in allowed):
                continue
            held = [np.where(row, each, np.inf) for row, each in zip(allowed, prices, strict=True)]
            total = bytes_count * cost.code(present) + sum(float(row.min()) for row in held)
            if total < least:
                least, chosen = total, [int(row.argmin()) for row in held]
    packed = {tensors[at].name: tensors[at] for tensors, at in zip(options, chosen, strict=True)}
    return sum(float(row[at]) for row, at in zip(cycles, chosen, strict=True)), packed
