"""Take, for each tensor, the format that costs least."""

from collections.abc import Iterator, Sequence

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.decode_cost import DecodeCost, ReadingCost, decoders
from tinygmp.sparse.protocol import Streams
from tinygmp.sparse.registry import index_format, value_format
from tinygmp.sparse.tensor import PackedTensor, expect_weights

READ_BY_EVERY_TARGET = ("dense", "bitmask", "csr8", *(f"relative{width}" for width in range(2, 9)), "rice")
FOR_SURVIVORS_ONLY = ("int8_rice", "int8_huffman", "int8_ranked")  # a stored zero would spend a whole code


def choose(
    name: str,
    q: np.ndarray,
    scale: float,
    candidates: Sequence[str] | None = None,
    value_formats: Sequence[str] = ("int8",),
    cost: ReadingCost | None = None,
    most_cycles: float | None = None,
) -> PackedTensor:
    """Return the tensor in the formats of fewest payload bytes, the earlier candidate on a tie.

    candidates: index formats; None means those that every target reads. With a cost, decoder code is charged to this
    tensor; with most_cycles, slower formats are left out. Raises FormatError when no format remains.
    """
    cost = cost or DecodeCost()
    packed = all_encodings(name, q, scale, candidates or READ_BY_EVERY_TARGET, value_formats)
    quick = [tensor for tensor in packed if most_cycles is None or cost.cycles(tensor) <= most_cycles]
    if not quick:
        fastest = min(packed, key=cost.cycles)
        raise FormatError(
            f"'{name}': no format reads within {most_cycles:.0f} cycles; the fastest, {fastest.index_format}, needs "
            f"{cost.cycles(fastest):.0f}; allow more or prune further"
        )
    return min(quick, key=lambda tensor: tensor.payload_bytes + cost.code(decoders(tensor)))


def fastest(
    name: str,
    q: np.ndarray,
    scale: float,
    cost: ReadingCost,
    candidates: Sequence[str] | None = None,
    value_formats: Sequence[str] = ("int8",),
) -> PackedTensor:
    """Return the tensor in the formats of fewest cycles, the smaller on a tie."""
    packed = all_encodings(name, q, scale, candidates or READ_BY_EVERY_TARGET, value_formats)
    return min(packed, key=lambda tensor: (cost.cycles(tensor), tensor.payload_bytes))


def all_encodings(
    name: str, q: np.ndarray, scale: float, candidates: Sequence[str], value_formats: Sequence[str]
) -> list[PackedTensor]:
    """Return the tensor in every combination that can hold it; raises FormatError when none can."""
    expect_weights(name, q)
    refusals: list[str] = []
    packed = list(encodings(name, q, scale, candidates, value_formats, refusals))
    if not packed:
        raise FormatError(f"'{name}': no format can hold it: {'; '.join(refusals)}")
    return packed


def encodings(
    name: str,
    q: np.ndarray,
    scale: float,
    candidates: Sequence[str],
    value_formats: Sequence[str],
    refusals: list[str],
) -> Iterator[PackedTensor]:
    """Yield one tensor after another; each index is coded once, and the values of the survivors once."""
    place, mask = f"'{name}'", q != 0
    survivors_coded: dict[str, Streams | None] = {}

    def coded(values: np.ndarray, value: str, zeros: bool) -> Streams | None:
        try:
            return value_format(value).encode(place, values, zeros)
        except FormatError as error:
            refusals.append(str(error))
            return None

    for candidate in candidates:
        index = index_format(candidate)
        try:
            positions = {"index": index.encode(place, mask)} if index.has_index else {}
            stored = q.ravel()[index.stored(place, mask)] if index.stores_zeros else q[mask]
        except FormatError as error:
            refusals.append(str(error))
            continue
        for value in value_formats:
            if index.stores_zeros and value in FOR_SURVIVORS_ONLY:
                continue
            if not index.stores_zeros and value not in survivors_coded:
                survivors_coded[value] = coded(stored, value, False)
            streams = coded(stored, value, True) if index.stores_zeros else survivors_coded[value]
            if streams is not None:
                shape = (q.shape[0], q.shape[1])
                yield PackedTensor(name, shape, candidate, value, scale, {**positions, **streams})
