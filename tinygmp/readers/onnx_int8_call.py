"""One node of a quantised ONNX file, and what its inputs hold: integers, reals that wait for a scale, constants."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tinygmp.errors import UnsupportedError
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.window import Pair, Window
from tinygmp.graph.values import Value
from tinygmp.readers.folding import sides_of
from tinygmp.readers.integer_graph import IntegerGraph, Meaning
from tinygmp.readers.onnx_call import attributes
from tinygmp.readers.onnx_int8_arrays import Quantised, meaning_of


@dataclass(frozen=True)
class Held:
    """A packed value.

    flat: the file sees a vector of it, channels first. last: the file sees its channels last, as a transpose would
    leave them. told: the meaning that the file gives it.
    """

    value: str
    flat: bool = False
    last: bool = False
    told: Meaning | None = None  # where it is another than the value's


@dataclass(frozen=True)
class Pending:
    """Reals whose integers have no scale yet; `settle` appends what computes them, with a clamp at the end."""

    settle: Callable[[Meaning, Limits], Held]
    limits: Limits = NO_LIMITS
    usual: Meaning | None = None  # where the file gives none
    biased: "Callable[[np.ndarray], Pending] | None" = None  # with a bias of reals that is added afterwards


Result = Held | Pending


@dataclass
class Holdings:
    """The graph so far, what lies in the file, as it is and with its scales, and what is computed, by name."""

    made: IntegerGraph
    constants: dict[str, np.ndarray]
    weights: dict[str, Quantised] = field(default_factory=dict)
    names: dict[str, Held | Pending] = field(default_factory=dict)


class Call:
    """One node: where it stands, its attributes, and what its inputs hold."""

    def __init__(self, file: Holdings, node: Any) -> None:
        self.file, self.made, self.kind = file, file.made, str(node.op_type)
        self.place = f"node '{node.name or node.output[0]}' ({node.op_type})"
        self.at, self.inputs, self.written = attributes(node), list(node.input), str(node.output[0])

    def unsupported(self, why: str) -> UnsupportedError:
        return self.made.unsupported(self.place, why)

    def has(self, at: int) -> bool:
        return len(self.inputs) > at and bool(self.inputs[at])

    def constant(self, at: int) -> np.ndarray:
        """Return an array of the file."""
        if self.inputs[at] not in self.file.constants:
            raise self.unsupported(f"input {at} that is not in the file")
        return self.file.constants[self.inputs[at]]

    def is_constant(self, at: int) -> bool:
        return self.inputs[at] in self.file.constants or self.inputs[at] in self.file.weights

    def quantised(self, at: int) -> Quantised:
        """Return integers of the file with their scales, as a DequantizeLinear of them left them."""
        if self.inputs[at] not in self.file.weights:
            raise self.unsupported("weights that are not in the file as quantised integers")
        return self.file.weights[self.inputs[at]]

    def reals(self, at: int) -> np.ndarray:
        """Return reals of the file, quantised or not."""
        name = self.inputs[at]
        return self.quantised(at).reals() if name in self.file.weights else self.constant(at)

    def two(self, name: str, default: int = 1) -> tuple[int, int]:
        """Return rows and columns of an attribute; one number, of a series, is columns."""
        values = [int(side) for side in self.at.get(name, [default, default])]
        return (1, values[0]) if len(values) == 1 else (values[0], values[1])

    def window(self, held: Held, kernel: Pair) -> Window:
        """Return how a kernel moves over a map."""
        pads = [int(side) for side in self.at.get("pads", [0, 0, 0, 0])]
        half = len(pads) // 2
        top, left = (0, pads[0]) if half == 1 else (pads[0], pads[1])
        bottom, right = (0, pads[1]) if half == 1 else (pads[2], pads[3])
        if self.at.get("ceil_mode"):
            raise self.unsupported("a size rounded up")
        window = Window(kernel, self.two("strides"), self.two("dilations"), (top, bottom, left, right))
        same = {b"SAME_UPPER": "same", b"SAME_LOWER": "same_lower"}.get(self.at.get("auto_pad", b"NOTSET"))
        rows, columns, _ = self.value(held).map_shape
        return replace(window, padding=sides_of(same, (rows, columns), window)) if same else window

    def meaning(self, at: int) -> Meaning:
        """Return a scale and the zero point behind it."""
        zero = self.constant(at + 1) if self.has(at + 1) else np.zeros((), np.uint8)
        try:
            return meaning_of(self.constant(at), zero)
        except ValueError as error:
            raise self.unsupported(str(error)) from error

    def something(self, at: int = 0) -> Held | Pending:
        """Return what an input holds."""
        if self.inputs[at] not in self.file.names:
            raise self.unsupported("an operation on constants")
        return self.file.names[self.inputs[at]]

    def held(self, at: int = 0) -> Held:
        """Return a computed input whose integers are known."""
        found = self.something(at)
        if isinstance(found, Pending):
            raise self.unsupported("an input of floats that nothing quantises")
        return found

    def integers(self, at: int, scale_at: int) -> Held:
        """Return an input of integers, whose scale stands in the operation too."""
        found, meaning = self.something(at), self.meaning(scale_at)
        held = found.settle(meaning, found.limits) if isinstance(found, Pending) else found
        if meaning not in (held.told, self.made.meaning(held.value)):
            raise self.unsupported("a scale other than that of what wrote the input")
        return held

    def value(self, held: Held) -> Value:
        return self.made.values[held.value]

    def plain(self, held: Held) -> str:
        """Return a value whose elements stand as the file sees them, channels last in maps."""
        return plain(self.made, self.place, held)


def plain(made: IntegerGraph, place: str, held: Held) -> str:
    value = made.values[held.value]
    if held.last and value.positions > 1:
        raise made.unsupported(place, "a map whose channels come last")
    if not held.flat:
        return held.value
    if value.positions > 1 and value.channels > 1:
        raise made.unsupported(place, "a flattened map, save before a fully connected layer,")
    return made.reshaped(held.value, (value.size,))
