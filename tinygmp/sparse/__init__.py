"""Storage formats of pruned weights: positions and values as streams that are read straight from flash."""

from tinygmp.sparse.choice import choose
from tinygmp.sparse.tensor import PackedTensor, encode

__all__ = ["PackedTensor", "choose", "encode"]
