"""Nodes of ONNX files that compute shapes and other constants, folded as the file is read."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Arrays = Sequence[np.ndarray | None]


def folded(kind: str, at: dict[str, Any], inputs: Arrays) -> np.ndarray | None:
    """Return what a node on constants computes, None for an operation that is not folded."""
    function = FOLDED.get(kind)
    if function is None or not inputs or inputs[0] is None:
        return None
    return function(at, inputs)


def gather(at: dict[str, Any], inputs: Arrays) -> np.ndarray:
    return np.take(first(inputs), given(inputs, 1), axis=int(at.get("axis", 0)))


def unsqueeze(at: dict[str, Any], inputs: Arrays) -> np.ndarray:
    found = first(inputs)
    for axis in sorted(int(axis) for axis in axes_of(at, inputs)):
        found = np.expand_dims(found, axis)
    return found


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
        index[int(axis)] = slice(int(start), int(end), int(step))
    return found[tuple(index)]


def reshape(at: dict[str, Any], inputs: Arrays) -> np.ndarray:
    found, shape = first(inputs), [int(side) for side in given(inputs, 1)]
    return found.reshape([found.shape[place] if side == 0 else side for place, side in enumerate(shape)])


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


FOLDED: dict[str, Callable[[dict[str, Any], Arrays], np.ndarray]] = {
    **dict.fromkeys(("Identity", "Cast"), lambda at, inputs: first(inputs)),
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
    "Add": pairwise(np.add),
    "Sub": pairwise(np.subtract),
    "Mul": pairwise(np.multiply),
    "Div": pairwise(lambda a, b: a // b if a.dtype.kind in "iu" else a / b),
}
