"""Every index format by name."""

from tinygmp.errors import FormatError
from tinygmp.sparse.bitmask import Bitmask
from tinygmp.sparse.csr8 import Csr8
from tinygmp.sparse.dense import Dense
from tinygmp.sparse.protocol import IndexFormat
from tinygmp.sparse.relative import Relative
from tinygmp.sparse.rice import Rice

INDEX_FORMATS: dict[str, IndexFormat] = {
    index_format.name: index_format
    for index_format in (Dense(), Bitmask(), Csr8(), *(Relative(width) for width in range(2, 9)), Rice())
}


def index_format(name: str) -> IndexFormat:
    """Return the format; raises FormatError with the known names."""
    if name not in INDEX_FORMATS:
        raise FormatError(f"index format '{name}' is unknown; known: {', '.join(INDEX_FORMATS)}")
    return INDEX_FORMATS[name]
