"""What lies in a .tflite, .onnx, ELF or C artifact, whatever its kind: one record of layers and tensors."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class TensorRow:
    """One tensor: `stored_bytes` of it lie in the file, none where it is computed at run time.

    `scales` counts the scales of a quantised tensor (one a channel or one in all), `scale` and `zero_point` are the
    first of them. `sparsity` is the fraction of zeros (of the zero point where quantised), None where not constant.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    stored_bytes: int
    constant: bool
    scale: float | None = None
    zero_point: int | None = None
    scales: int = 0
    sparsity: float | None = None


@dataclass(frozen=True)
class LayerRow:
    """One operator or function, with what it makes and the constant bytes that it reads.

    `scale` and `sparsity` are those of its largest constant.
    """

    name: str
    op: str
    shape: tuple[int, ...]
    dtype: str
    constant_bytes: int
    scale: float | None = None
    sparsity: float | None = None


@dataclass(frozen=True)
class FileInspection:
    """A file as tables; `by_part` are its bytes by section or by kind of content."""

    kind: str  # 'tflite', 'onnx', 'elf' or 'c'
    name: str
    file_bytes: int
    layers: tuple[LayerRow, ...]
    tensors: tuple[TensorRow, ...]
    by_part: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def sparsity_of(values: np.ndarray, zero_point: int = 0) -> float | None:
    """Return the fraction of elements that mean zero; None for an empty array."""
    return float(np.count_nonzero(values == zero_point) / values.size) if values.size else None


def largest_first(sizes: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))
