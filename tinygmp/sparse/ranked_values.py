"""int8_ranked: int8 values in a Huffman code of their own frequencies, whatever shape these have.

The stream 'codebook' lists the values as int8 from frequent to rare; 'values' is the place of each in that list, in
the number code of the index format huffman.
"""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.bits import expect_padding
from tinygmp.sparse.huffman_code import HuffmanCode
from tinygmp.sparse.protocol import Streams


class RankedValues:
    name = "int8_ranked"
    bits = 8
    streams = frozenset({"values", "codebook"})

    def encode(self, name: str, values: np.ndarray, zeros: bool) -> Streams:
        counts = np.bincount(values.view(np.uint8), minlength=256)
        codebook = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)].astype(np.uint8)
        rank_of = np.zeros(256, np.int64)
        rank_of[codebook] = np.arange(len(codebook))
        return {
            "values": HuffmanCode(most_shift=0).encode(rank_of[values.view(np.uint8)]),
            "codebook": codebook,
        }

    def decode(self, name: str, streams: Streams, count: int, zeros: bool) -> np.ndarray:
        place = f"{name}, values '{self.name}'"
        numbers = HuffmanCode().decode(place, streams["values"])
        if len(numbers.values) < count:
            raise FormatError(f"{place}: {len(numbers.values)} values, the index holds {count}; damaged")
        used_bits = int(numbers.ends[count - 1]) if count else 0
        expect_padding(place, streams["values"], used_bits, numbers.header_bytes)
        codebook, ranks = streams["codebook"].view(np.int8), numbers.values[:count]
        if len(np.unique(codebook)) != len(codebook) or ranks.max(initial=-1) >= len(codebook):
            raise FormatError(
                f"{place}: rank {ranks.max(initial=-1)} is beyond the {len(codebook)} entries of the codebook, or an "
                "entry repeats; the stream is damaged"
            )
        return codebook[ranks]
