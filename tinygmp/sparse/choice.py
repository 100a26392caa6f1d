"""Take, for each tensor, the format that costs least."""

from collections.abc import Sequence

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.registry import INDEX_FORMATS
from tinygmp.sparse.tensor import PackedTensor, encode


def choose(name: str, q: np.ndarray, scale: float, candidates: Sequence[str] | None = None) -> PackedTensor:
    """Return the tensor in the candidate format of fewest payload bytes, the earlier on a tie; None means all.

    Raises FormatError when no candidate can hold the tensor.
    """
    packed, refusals = [], []
    for candidate in candidates or tuple(INDEX_FORMATS):
        try:
            packed.append(encode(name, q, scale, candidate))
        except FormatError as error:
            refusals.append(str(error))
    if not packed:
        raise FormatError(f"'{name}': no format can hold it: {'; '.join(refusals)}")
    return min(packed, key=lambda tensor: tensor.payload_bytes)
