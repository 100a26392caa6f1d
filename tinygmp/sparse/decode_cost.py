"""What reading a packed tensor costs on a core: bytes of decoder code, and cycles."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

from tinygmp.errors import ConfigError
from tinygmp.sparse.tensor import PackedTensor

MEASURED = Path(__file__).with_name("decode_cost.json")  # written by scripts/bench_decoders.py

CODE_SHARED_BY = {
    **{f"relative{width}": ("relative",) for width in range(2, 9)},
    **{f"block{width}": ("block", "rice") for width in (2, 4, 8)},
    **{f"{n}of{m}": ("n_of_m",) for n, m in ((1, 4), (2, 4), (4, 8))},
    **{f"codebook{entries}": ("codebook",) for entries in (4, 8, 16)},
    "int8": (),
    "int8_rice": ("rice",),
    "int8_huffman": ("huffman",),
    "int8_ranked": ("huffman", "codebook"),
}


def decoders(tensor: PackedTensor) -> frozenset[str]:
    """Return the pieces of decoder code that a tensor needs; plain int8 values need none."""
    names = (tensor.index_format, tensor.value_format)
    return frozenset(piece for name in names for piece in CODE_SHARED_BY.get(name, (name,)))


class ReadingCost(Protocol):
    """What choosing storage weighs: bytes of decoder code, and the time of a tensor in its formats."""

    def code(self, pieces: frozenset[str]) -> int: ...

    def cycles(self, tensor: PackedTensor) -> float: ...


@dataclass(frozen=True)
class DecodeCost:
    """Measured on one core. What is absent from a table counts as 0.

    code_bytes: by decoder piece, see `decoders`. cycles_per_weight and cycles_per_stored: by index or value format;
    the first for every weight of the matrix (a bitmask's test), the second for every stored value.
    """

    code_bytes: Mapping[str, int] = field(default_factory=dict)
    cycles_per_weight: Mapping[str, float] = field(default_factory=dict)
    cycles_per_stored: Mapping[str, float] = field(default_factory=dict)

    def code(self, pieces: frozenset[str]) -> int:
        """Return the bytes of code of a set of decoder pieces, each counted once."""
        return sum(self.code_bytes.get(piece, 0) for piece in pieces)

    def cycles(self, tensor: PackedTensor) -> float:
        """Return the cycles of reading every stored value of a tensor once."""
        stored = len(tensor.positions())
        return sum(
            self.cycles_per_weight.get(name, 0) * tensor.size + self.cycles_per_stored.get(name, 0) * stored
            for name in (tensor.index_format, tensor.value_format)
        )


@cache
def measured_cost(core: str) -> DecodeCost:
    """Return what reading costs on a core, measured with the generated C in its smallest build.

    Cycles on avr5 and cortex-m0plus, instructions on the others; decode_cost.json tells compiler, date and method.
    Raises ConfigError for a core that was not measured.
    """
    cores = json.loads(MEASURED.read_text())["cores"]
    if core not in cores:
        raise ConfigError(f"decode cost of core '{core}' was not measured; measured: {', '.join(cores)}")
    tables = ("code_bytes", "cycles_per_weight", "cycles_per_stored")
    return DecodeCost(*(cores[core][table] for table in tables))
