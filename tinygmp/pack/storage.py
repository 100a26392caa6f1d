"""Which storage formats packing may choose from, and which tensors are rounded to fewer bits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.quant.symmetric import fit_scale, quantize_int8
from tinygmp.sparse import choose
from tinygmp.sparse.narrow import narrow
from tinygmp.sparse.tensor import PackedTensor

FORMATS_OF_MAPS = ("dense", "bitmask", "rice")  # what the kernels of maps read quickly


@dataclass(frozen=True)
class Width:
    """A value format that a matrix is rounded to; `scale` is one step in reals, None for the one that errs least."""

    value_format: str
    scale: float | None = None


@dataclass(frozen=True)
class Storage:
    """Index formats (None: those that every target reads) and value formats; the fewest bytes win, tensor by tensor.

    value_formats are tried on int8 weights of a cell and its classifier and lose nothing. `widths`, by matrix ('rnn.W',
    'rnn.U1', 'classifier.weights' ...), are for matrices that are rounded to fewer bits.
    """

    index_formats: tuple[str, ...] | None = None
    value_formats: tuple[str, ...] = ("int8",)
    widths: Mapping[str, Width] = field(default_factory=dict)

    def pack(self, name: str, weights: np.ndarray) -> PackedTensor:
        """Return real weights [rows, columns] in the smallest form; raises FormatError when none can hold them."""
        if width := self.widths.get(name):
            q, scale = narrow(weights, width.value_format, width.scale)
            return choose(name, q, scale, self.index_formats, (width.value_format,))
        scale = fit_scale(weights)
        q = quantize_int8(weights, scale)
        return choose(name, q, scale, self.index_formats, self.value_formats)

    def pack_all(self, matrices: Mapping[str, np.ndarray]) -> dict[str, PackedTensor]:
        """Return every matrix packed, by its name; raises ConfigError for a width of a matrix that is not there."""
        if unknown := set(self.widths) - set(matrices):
            raise ConfigError(f"no matrix {sorted(unknown)} to round; the network has {', '.join(matrices)}")
        return {name: self.pack(name, matrix) for name, matrix in matrices.items()}

    def pack_integers(self, name: str, q: np.ndarray) -> PackedTensor:
        """Return the int8 weights of a layer of maps, whose scales lie beside it, in the smallest form."""
        return choose(name, q, 1.0, self.index_formats or FORMATS_OF_MAPS)


SMALLEST = Storage()
