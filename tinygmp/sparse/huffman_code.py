"""Numbers in a canonical Huffman code over their high bits, with its lengths in the stream's header.

Header: byte 0 = s + 16 * L, byte 1 = E, then L bytes: how many codes have 1 .. L bits. A number n < E << s is the
code of rank n >> s, then its s low bits, least significant first; the code of rank E adds E << s to the number
that follows it. Ranks are in the order of the codes, which are as in Deflate (RFC 1951, 3.2.2), first bit first.
"""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.bits import pack_bits, pack_variable, unpack_bits
from tinygmp.sparse.code_lengths import code_lengths, falling
from tinygmp.sparse.number_code import Numbers
from tinygmp.sparse.prefix_code import code_starts

LONGEST_CODE = 15
LARGEST_SHIFT = 7
MOST_RANKS = 255
HEADER_BYTES = 2


class HuffmanCode:
    """`least_shift` raw low bits at least: 1 when the lowest bit is a sign that no code can shorten."""

    def __init__(self, least_shift: int = 0, most_shift: int = LARGEST_SHIFT) -> None:
        self.least_shift = least_shift
        self.most_shift = most_shift

    def encode(self, numbers: np.ndarray) -> np.ndarray:
        if len(numbers) == 0:
            return np.array([self.least_shift, 0], np.uint8)
        shift = self.best_shift(numbers)
        ranks = numbers >> shift
        escape = min(int(ranks.max()) + 1, MOST_RANKS - 1)
        escapes = ranks // escape
        counts = np.bincount(ranks % escape, minlength=escape)
        if escapes.any():
            counts = np.append(counts, escapes.sum())
        lengths = code_lengths(falling(counts), LONGEST_CODE)
        ends = np.cumsum(escapes + 1) - 1
        symbols = np.full(int(ends[-1]) + 1, escape)
        symbols[ends] = ranks % escape
        widths = lengths[symbols]
        codes = first_bit_first(lengths)[symbols]
        codes[ends] |= (numbers & ((1 << shift) - 1)) << widths[ends]
        widths[ends] += shift
        per_length = np.bincount(lengths, minlength=int(lengths.max()) + 1)[1:]
        header = np.array([shift + 16 * len(per_length), escape, *per_length], np.uint8)
        return np.concatenate([header, pack_bits(pack_variable(codes, widths))])

    def best_shift(self, numbers: np.ndarray) -> int:
        """Return the number of raw low bits that leaves fewest bits in all, by the entropy of the falling counts."""
        costs = {}
        for shift in range(self.least_shift, self.most_shift + 1):
            ranks = numbers >> shift
            escapes, codes = np.divmod(ranks, MOST_RANKS - 1)
            counts = np.append(np.bincount(codes), escapes.sum())
            weights = falling(counts[: int(np.flatnonzero(counts)[-1]) + 1])
            bits = -counts[: len(weights)] @ np.log2(weights / weights.sum())
            costs[shift] = len(numbers) * shift + max(
                float(bits), len(numbers)
            )  # no code is shorter than 1 bit
            if ranks.max() == 0:
                break
        return min(costs, key=costs.__getitem__)

    def decode(self, name: str, stream: np.ndarray) -> Numbers:
        shift, escape, lengths, header_bytes = read_header(name, stream)
        bits = unpack_bits(stream[header_bytes:])
        if len(lengths) == 0 or len(bits) == 0:
            return Numbers(np.zeros(0, np.int64), np.zeros(0, np.int64), header_bytes)
        symbol_at = symbols_at(bits, lengths)
        widths = np.append(lengths + np.where(np.arange(len(lengths)) == escape, 0, shift), len(bits) + 1)
        starts = code_starts(np.arange(len(bits), dtype=np.int32) + widths.astype(np.int32)[symbol_at])
        symbols = symbol_at[starts]
        closed = symbols != escape
        raw_starts = starts[closed] + lengths[symbols[closed]]
        values = symbols.astype(np.int64) << shift
        sums = np.cumsum(values)[closed]
        numbers = np.diff(sums, prepend=0)
        for bit in range(shift):
            numbers += bits[raw_starts + bit].astype(np.int64) << bit
        return Numbers(numbers, raw_starts + shift, header_bytes)


def read_header(name: str, stream: np.ndarray) -> tuple[int, int, np.ndarray, int]:
    """Return the shift, the escaping rank, the code lengths by rank, and the header's bytes."""
    longest = int(stream[0]) >> 4 if len(stream) else 0
    header_bytes = HEADER_BYTES + longest
    if len(stream) < header_bytes:
        raise FormatError(f"{name}: the Huffman header needs {header_bytes} B, the stream has {len(stream)}")
    per_length = stream[HEADER_BYTES:header_bytes].astype(np.int64)
    spare = 1.0 - float(per_length @ 0.5 ** np.arange(1, longest + 1))
    escape = int(stream[1])
    shift = int(stream[0]) & 15
    if shift > LARGEST_SHIFT:
        raise FormatError(f"{name}: {shift} raw bits exceed {LARGEST_SHIFT}; the stream is damaged")
    if spare < 0 or not escape <= per_length.sum() <= min(escape + 1, MOST_RANKS):
        raise FormatError(
            f"{name}: {per_length.sum()} Huffman codes of the header's lengths do not exist or do not match "
            f"the {escape} ranks; the stream is damaged"
        )
    return shift, escape, np.repeat(np.arange(1, longest + 1), per_length), header_bytes


def canonical_codes(lengths: np.ndarray) -> np.ndarray:
    """Return int64 codes of ascending lengths, their first bit most significant."""
    codes = np.zeros(len(lengths), np.int64)
    for rank in range(1, len(lengths)):
        codes[rank] = (codes[rank - 1] + 1) << (lengths[rank] - lengths[rank - 1])
    return codes


def first_bit_first(lengths: np.ndarray) -> np.ndarray:
    """Return the canonical codes with their bits reversed, so that the first lies in bit 0."""
    codes = canonical_codes(lengths)
    reversed_codes = np.zeros_like(codes)
    for bit in range(LONGEST_CODE):
        inside = lengths > bit
        reversed_codes[inside] |= ((codes[inside] >> bit) & 1) << (lengths[inside] - 1 - bit)
    return reversed_codes


def symbols_at(bits: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return, for every bit position, the rank of the code that starts there; len(lengths) where none does."""
    longest = int(lengths[-1])
    padded = np.append(bits, np.zeros(longest, np.uint8)).astype(np.uint16)
    ahead: np.ndarray = np.zeros(len(bits), np.uint16)
    for bit in range(longest):
        ahead = (ahead << 1) | padded[bit : bit + len(bits)]
    ends = (canonical_codes(lengths) + 1) << (
        longest - lengths
    )  # codes of `longest` bits below the next rank's
    table = np.searchsorted(ends, np.arange(1 << longest), side="right").astype(np.uint8)
    return table[ahead]
