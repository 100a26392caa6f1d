"""Nodes of ONNX files that hold or compute shapes and other constants, folded as the file is read."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Arrays = Sequence[np.ndarray | None]
PLAIN = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}


def constant(at: dict[str, Any]) -> np.ndarray:
    """Return what a Constant node holds, an array or numbers; KeyError where it is neither."""
    for name, kind in PLAIN.items():
        if name in at:
            return np.asarray(at[name], kind)
    return np.asarray(at["value"])


def folded(kind: str, at: dict[str, Any], inputs: Arrays) -> np.ndarray | None:
    """Return what a node on constants computes, None for an operation that is not folded."""
    function = FOLDED.get(kind)
    if function is None or not inputs or any(each is None for each in inputs[: REQUIRED.get(kind, 1)]):
        return None
    return function(at, inputs)


def cast(at: dict[str, Any], inputs: Arrays) -> np.ndarray | None:
    """Into numpy's own types; others, floats of 8 bits for one, are not folded."""
    import onnx

    found, target = first(inputs), np.dtype(onnx.helper.tensor_dtype_to_np_dtype(at["to"]))
    plain = found.dtype.isbuiltin == target.isbuiltin == 1 and {found.dtype.kind, target.kind} <= set("iufb")
    return found.astype(target) if plain else None


def gather(at: dict[str, Any], inputs: Arrays) -> np.ndarray:
    return np.take(first(inputs), given(inputs, 1), axis=int(at.get("axis", 0)))


def unsqueeze(at: dict[str, Any], inputs: Arrays) -> np.ndarray:
    """Axes count in the result."""
    return np.expand_dims(first(inputs), tuple(int(axis) for axis in axes_of(at, inputs)))


def squeeze(at: dict[str, Any], inputs: Arrays) -> np.ndarray:
    axes = tuple(int(axis) for axis in axes_of(at, inputs))
    return np.squeeze(first(inputs), axis=axes or None)


def slices(at: dict[str, Any], inputs: Arrays) -> np.ndarray:
    """Starts, ends, axes and steps are attributes in old files, inputs in newer ones."""
    found = first(inputs)
    parts: list[Any] = [at.get("starts"), at.get("ends"), at.get("axes"), None]
    for place, given_part in enumerate(inputs[1:]):
        parts[place] = given_part
    starts, ends, axes, steps = parts
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    index = [slice(None)] * found.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        # A negative end beyond the first element means all down to it, which Python spells None.
        side, last = found.shape[int(axis)], int(end)
        index[int(axis)] = slice(int(start), None if step < 0 and last < -side else last, int(step))
    return found[tuple(index)]


def reshape(at: dict[str, Any], inputs: Arrays) -> np.ndarray:
    found, shape = first(inputs), [int(side) for side in given(inputs, 1)]
    if at.get("allowzero", 0):
        return found.reshape(shape)
    return found.reshape([found.shape[place] if side == 0 else side for place, side in enumerate(shape)])


def shape_of(at: dict[str, Any], inputs: Arrays) -> np.ndarray:
    return np.array(first(inputs).shape[at.get("start", 0) : at.get("end")], np.int64)


def divide(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Integers are cut towards zero."""
    if one.dtype.kind not in "iu":
        return np.asarray(one / other)
    quotient = np.abs(one) // np.abs(other)
    return np.where((one < 0) != (other < 0), -quotient, quotient).astype(one.dtype)


def axes_of(at: dict[str, Any], inputs: Arrays) -> Sequence[int]:
    axes = at.get("axes", inputs[1] if len(inputs) > 1 else None)
    return () if axes is None else list(axes)


def first(inputs: Arrays) -> np.ndarray:
    return given(inputs, 0)


def given(inputs: Arrays, at: int) -> np.ndarray:
    found = inputs[at]
    assert found is not None
    return found


def pairwise(function: Callable[..., Any]) -> Callable[[dict[str, Any], Arrays], np.ndarray]:
    return lambda at, inputs: np.asarray(function(first(inputs), given(inputs, 1)))


REQUIRED = {"Gather": 2, "Reshape": 2, "Add": 2, "Sub": 2, "Mul": 2, "Div": 2}  # of inputs, one by default
FOLDED: dict[str, Callable[[dict[str, Any], Arrays], np.ndarray | None]] = {
    "Identity": lambda at, inputs: first(inputs),
    "Cast": cast,
    "Transpose": lambda at, inputs: first(inputs).transpose(at.get("perm")),
    "Concat": lambda at, inputs: np.concatenate(
        [each for each in inputs if each is not None], int(at["axis"])
    ),
    "ConstantOfShape": lambda at, inputs: np.full(
        first(inputs), np.asarray(at.get("value", 0.0)).reshape(-1)[0]
    ),
    "Gather": gather,
    "Unsqueeze": unsqueeze,
    "Squeeze": squeeze,
    "Slice": slices,
    "Reshape": reshape,
    "Shape": shape_of,
    "Add": pairwise(np.add),
    "Sub": pairwise(np.subtract),
    "Mul": pairwise(np.multiply),
    "Div": pairwise(divide),
}
