"""Every index format and every value format by name."""

from tinygmp.errors import FormatError
from tinygmp.sparse.bitmask import Bitmask
from tinygmp.sparse.blocks import Blocks
from tinygmp.sparse.csr import Csr
from tinygmp.sparse.dense import Dense
from tinygmp.sparse.field_values import INT4, POWER2, TERNARY, CodebookValues
from tinygmp.sparse.fixed_code import FixedCode
from tinygmp.sparse.gaps import Gaps
from tinygmp.sparse.huffman_code import HuffmanCode
from tinygmp.sparse.int8_values import Int8Values
from tinygmp.sparse.magnitude_values import MagnitudeValues
from tinygmp.sparse.n_of_m import NOfM
from tinygmp.sparse.protocol import IndexFormat, ValueFormat
from tinygmp.sparse.ranked_values import RankedValues
from tinygmp.sparse.rice_code import RiceCode

EVERY_INDEX: tuple[IndexFormat, ...] = (
    Dense(),
    Bitmask(),
    Csr(8),
    *(Gaps(f"relative{width}", FixedCode(width)) for width in range(2, 9)),
    Gaps("rice", RiceCode()),
    Gaps("huffman", HuffmanCode()),
    Csr(16),
    Blocks(2),
    Blocks(4),
    Blocks(8),
    NOfM(1, 4),
    NOfM(2, 4),
    NOfM(4, 8),
)

EVERY_VALUE: tuple[ValueFormat, ...] = (
    Int8Values(),
    INT4,
    TERNARY,
    POWER2,
    CodebookValues(4),
    CodebookValues(8),
    CodebookValues(16),
    MagnitudeValues("int8_rice", RiceCode()),
    MagnitudeValues("int8_huffman", HuffmanCode(least_shift=1)),
    RankedValues(),
)
INDEX_FORMATS = {coding.name: coding for coding in EVERY_INDEX}
VALUE_FORMATS = {coding.name: coding for coding in EVERY_VALUE}


def index_format(name: str) -> IndexFormat:
    """Return the format; raises FormatError with the known names."""
    if name not in INDEX_FORMATS:
        raise FormatError(f"index format '{name}' is unknown; known: {', '.join(INDEX_FORMATS)}")
    return INDEX_FORMATS[name]


def value_format(name: str) -> ValueFormat:
    """Return the format; raises FormatError with the known names."""
    if name not in VALUE_FORMATS:
        raise FormatError(f"value format '{name}' is unknown; known: {', '.join(VALUE_FORMATS)}")
    return VALUE_FORMATS[name]
