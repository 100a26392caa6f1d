"""What a layer does, as far as its time on a core depends on it: shapes, weights, zeros and how they are stored."""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from tinygmp.graph.kinds import kind_of
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.operators.window import Window

SPARSE, TOGETHER, ALONE = ", sparse", ", together", ", alone"  # ends of a group's name
NO_WINDOW = Window()
DENSE, SUMS, USUAL_SCALING = "dense", "int32", "fp32"
INT8, USUAL_SHIFTS = (-128, 127), range(2, 17)
EXPANDING = "expand"  # in the name of a function that does
SHARED = "tg_survivors"  # begins the names of what only reads weights
WORD = 4  # bytes
USUAL_BLOCK_BYTES = 16  # of work space for one input channel: 8 positions as halfwords
Map = tuple[int, int, int]


@dataclass(frozen=True)
class Work:
    """One layer. kind: as in graph/kinds.py; read, written: (rows, columns, channels), read the first of several.

    weights: rows and columns of its matrix, one row an output channel, (0, 0) without one; nonzero: of those the ones
    that are not 0, fullest_row: of one row, 0 where that is not known; storage: their index format. scaling: how sums
    become outputs. work_bytes: what the memory plan gives the layer to work in, 0 where there is no plan yet. alone: no
    other layer of the network calls its function, so the compiler knows all of its sizes. together: it runs with a
    neighbour, a few rows of each at a time. expanded: sparse weights are written densely first; None where that is not
    known yet. planes: whether the map read and the map written have their channels apart.
    """

    kind: str
    read: Map
    written: Map
    window: Window = NO_WINDOW
    weights: tuple[int, int] = (0, 0)
    nonzero: int = 0
    fullest_row: int = 0
    storage: str = DENSE
    scaling: str = USUAL_SCALING
    work_bytes: int = 0
    alone: bool = False
    together: bool = False
    expanded: bool | None = None
    planes: tuple[bool, bool] = (False, False)

    @property
    def group(self) -> str:
        """The family of kernels that does this work, whatever their names are."""
        name = self.kind
        if self.kind == "conv2d":
            name = "pointwise" if self.window.is_pointwise else "patches"
        elif self.kind == "depthwise_conv2d":
            window = self.window
            plain = (window.kernel, window.dilation) == ((3, 3), (1, 1)) and self.read[2] == self.written[2]
            name = "depthwise 3x3" if plain and max(window.padding) <= 2 else "depthwise"
        elif self.scaling == SUMS:
            name = f"{self.kind} sums"
        return (
            name
            + (SPARSE if self.storage != DENSE else "")
            + (TOGETHER if self.together else "")
            + (ALONE if self.alone else "")
        )

    @property
    def positions(self) -> int:
        return self.written[0] * self.written[1]

    @property
    def density(self) -> float:
        return self.nonzero / self.size if self.size else 1.0

    @property
    def size(self) -> int:
        """Weights, zeros included."""
        return math.prod(self.weights)

    @property
    def refills(self) -> float:
        """How often the work space is filled with inputs until all positions are done."""
        if self.storage == DENSE:
            whole, capacity = self.positions * self.weights[1], self.work_bytes
            return whole / capacity if capacity else self.positions / USUAL_BLOCK_BYTES
        whole = -(-self.positions // WORD) * WORD * self.weights[1]
        capacity = self.work_bytes - WORD * (self.fullest_row + 2)
        return -(-whole // capacity) if capacity > 0 else 1.0

    @property
    def stored(self) -> int:
        """Weights that a kernel meets: the zeros too where they are stored like any other."""
        return self.size if self.storage == DENSE else self.nonzero

    @property
    def multiply_adds(self) -> int:
        return self.positions * self.size

    @property
    def multiply_adds_kept(self) -> int:
        return self.positions * self.nonzero


class CodedLayer(Protocol):
    """A layer that has code: what a converter to C tells of it; nodes that run together are one layer."""

    @property
    def nodes(self) -> tuple[str, ...]: ...
    @property
    def functions(self) -> tuple[str, ...]: ...
    @property
    def work_bytes(self) -> int: ...
    @property
    def planes(self) -> tuple[bool, bool]: ...


def works_of(model: PackedModel, layers: Sequence[CodedLayer]) -> list[tuple[Work, ...]]:
    """Return what the layers that have code do, in their order: one work for each of their nodes."""
    callers = Counter(name for layer in layers for name in {*layer.functions} if not name.startswith(SHARED))
    found = []
    for layer in layers:
        own = [callers[name] for name in layer.functions if not name.startswith(SHARED)]
        alone = max(own, default=1) == 1
        together, expanded = len(layer.nodes) > 1, expands(layer.functions)
        works = (work_of(model, model.node(name), layer.work_bytes) for name in layer.nodes)
        found.append(
            tuple(
                replace(each, alone=alone, together=together, expanded=expanded, planes=layer.planes)
                for each in works
            )
        )
    return found


def expands(functions: Collection[str]) -> bool:
    """Return whether one of a layer's functions writes sparse weights densely before the products."""
    return any(EXPANDING in name for name in functions)


def work_of(model: PackedModel, node: Node, work_bytes: int = 0) -> Work:
    """Return what a node of a packed graph does, with the work space of a memory plan where there is one."""
    operator, read, written = node.operator, model.read_by(node)[0], model.written_by(node)[0]
    window = getattr(operator, "window", None) or Window()
    work = Work(kind_of(operator), read.map_shape, written.map_shape, window, work_bytes=work_bytes)
    if not isinstance(operator, Linear):
        return work
    weights = operator.weights
    fullest = int((weights.decode() != 0).sum(axis=1).max(initial=0))
    scaling = SUMS if written.dtype == "int32" else scaling_of(model)
    return replace(
        work, weights=weights.shape, nonzero=weights.nnz, fullest_row=fullest, storage=weights.index_format,
        scaling=scaling,
    )  # fmt: skip


def scaling_of(model: PackedModel) -> str:
    """Return how the layers of a model become int8: the rounding, whether any is cut before int8 does it, and whether a
    factor is far from the others, so that scaling takes the long way.
    """
    linear = [node for node in model.nodes_of(Linear) if model.written_by(node)[0].dtype == "int8"]
    whole = all(
        node.operator.limits.integers(model.written_by(node)[0]) == INT8  # type: ignore[attr-defined]
        for node in linear
    )
    far = any(far_factors(model, node) for node in linear)
    return f"{model.rounding or USUAL_SCALING}{'' if whole else ', cut'}{', far' if far else ''}"


def far_factors(model: PackedModel, node: Node) -> bool:
    """Return whether a factor of a layer needs a shift beyond the usual ones."""
    operator = node.operator
    assert isinstance(operator, Linear)
    multipliers, shifts = operator.requantizers(model.read_by(node)[0], model.written_by(node)[0])
    used = -shifts[multipliers > 0]
    return bool(len(used)) and (used.min() not in USUAL_SHIFTS or used.max() not in USUAL_SHIFTS)
