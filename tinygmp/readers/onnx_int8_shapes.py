"""Softmax, and what moves integers only, of quantised ONNX files."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.pad import Pad
from tinygmp.graph.operators.softmax import SCALE, ZERO_POINT, Softmax
from tinygmp.readers.integer_graph import Meaning
from tinygmp.readers.onnx_int8_call import Call, Held, Pending, Result

SHARES: Meaning = (SCALE, ZERO_POINT)
TO_FIRST, TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]  # how a transpose moves channels


def shares(call: Call, read: Held) -> Pending:
    """Return a softmax, which writes 256ths from -128 on, whatever the file does."""
    axis = int(call.at.get("axis", -1))
    name = call.plain(read)
    value = call.made.values[name]
    if axis not in (1, -1) or value.positions > 1:
        raise call.unsupported("a softmax of a map")

    def settle(meaning: Meaning, limits: Limits) -> Held:
        vector = call.made.reshaped(name, (value.size,))
        return Held(call.made.write(Softmax(), [vector], (value.size,), SHARES), told=meaning)

    return Pending(settle, usual=SHARES)


def softmax(call: Call) -> Result:
    return shares(call, call.held())


def qlinear_softmax(call: Call) -> Result:
    return shares(call, call.integers(0, 1)).settle(call.meaning(3), NO_LIMITS)


def flattened(call: Call, held: Held) -> Held:
    value = call.value(held)
    if held.last or len(value.shape) == 1:
        return Held(call.made.reshaped(held.value, (value.size,)), told=held.told)
    return replace(held, flat=True)


def shaped(call: Call, held: Held, sides: list[int]) -> Held:
    """Return a map of a vector, or of a map whose channels come last, as what will be transposed."""
    held = Held(call.plain(held), told=held.told) if held.flat else held
    value, (rows, columns, channels) = call.value(held), sides
    known = held.last or len(value.shape) == 1
    if not known or min(sides) < 1 or np.prod(sides) != value.size:
        raise call.unsupported(f"a change of shape to {call.constant(1).tolist()}")
    return Held(call.made.reshaped(held.value, (rows, columns, channels)), last=True, told=held.told)


def through(call: Call, change: Callable[[Held], Held]) -> Result:
    """Return what a change of shape makes of an input, whose integers may have no scale yet."""
    found = call.something()
    if isinstance(found, Held):
        return change(found)
    settle = found.settle
    return Pending(lambda meaning, limits: change(settle(meaning, limits)), found.limits, found.usual)


def flatten(call: Call) -> Result:
    """Return a vector, or a map of four sides that a transpose will follow."""
    wanted = [int(side) for side in call.constant(1).reshape(-1)] if call.kind == "Reshape" else []
    if len(wanted) == 4 and set(wanted[2:]) != {1}:
        return through(call, lambda held: shaped(call, held, wanted[1:]))
    if set(wanted[2:]) - {1}:
        raise call.unsupported(f"a change of shape to {wanted}")
    return through(call, lambda held: flattened(call, held))


def pad(call: Call) -> Result:
    sides = [int(side) for side in (call.at["pads"] if "pads" in call.at else call.constant(1))]
    fill = float(call.reals(2)) if call.has(2) and call.is_constant(2) else float(call.at.get("value", 0))
    rest = len(sides) // 2
    channels = [side for place, side in enumerate(sides) if place % max(1, rest) < 2]
    if call.at.get("mode", b"constant") != b"constant" or fill or rest not in (3, 4) or any(channels):
        raise call.unsupported("padding other than zeros around rows and columns")
    (top, left), (bottom, right) = (0, *sides[2:rest])[-2:], (0, *sides[rest + 2 :])[-2:]

    def change(held: Held) -> Held:
        rows, columns, last = call.value(held).map_shape
        shape, meaning = (rows + top + bottom, columns + left + right, last), call.made.meaning(held.value)
        padding = Pad((top, bottom, left, right))
        return Held(call.made.write(padding, [call.plain(held)], shape, meaning))

    return through(call, change)


def transpose(call: Call) -> Result:
    perm = [int(side) for side in call.at.get("perm", [])]

    def change(held: Held) -> Held:
        if held.flat or perm not in (TO_FIRST, TO_LAST) or held.last != (perm == TO_FIRST):
            raise call.unsupported(f"a transpose to {perm}")
        return replace(held, last=not held.last)

    return through(call, change)


def nothing(call: Call) -> Result:
    return call.something()


SHAPES: dict[str, Callable[[Call], Result]] = {
    "Softmax": softmax,
    "QLinearSoftmax": qlinear_softmax,
    **dict.fromkeys(("Flatten", "Reshape", "Squeeze"), flatten),
    "Pad": pad,
    "Transpose": transpose,
    **dict.fromkeys(("Identity", "Dropout"), nothing),
}
