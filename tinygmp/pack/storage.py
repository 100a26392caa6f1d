"""Which storage formats packing may choose from."""

from dataclasses import dataclass

import numpy as np

from tinygmp.sparse import choose
from tinygmp.sparse.tensor import PackedTensor


@dataclass(frozen=True)
class Storage:
    """Index formats (None: those that every target reads) and value formats; the fewest bytes win, tensor by tensor."""

    index_formats: tuple[str, ...] | None = None
    value_formats: tuple[str, ...] = ("int8",)

    def pack(self, name: str, q: np.ndarray, scale: float) -> PackedTensor:
        """Return int8 weights [rows, columns] in the smallest form; raises FormatError when none can hold them."""
        return choose(name, q, scale, self.index_formats, self.value_formats)


SMALLEST = Storage()
