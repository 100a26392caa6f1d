"""A model's inputs and outputs in the words of the device lab, whose ports carry windows of 16-bit words."""

from collections.abc import Callable, Sequence

import numpy as np

from tinygmp.errors import DataError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import run

# Takes int16 words [windows, steps, words]; returns int32 outputs [windows, elements] and classes [windows].
Reference = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def words_of(model: PackedModel, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Return int16 [batch, steps, words] of a model's inputs, those of one step side by side; a graph has one step."""
    leading = 2 if model.recurrent else 1
    for name, array in zip(model.inputs, inputs, strict=True):
        value = model.values[name]
        if array.dtype != np.dtype(value.dtype) or array.shape[leading:] != value.shape:
            raise DataError(
                f"input '{name}' of model '{model.name}' is {array.dtype} {array.shape}, expected {value.dtype} "
                f"{value.shape} a {'step' if model.recurrent else 'run'}"
            )
    flat = [array.reshape(*array.shape[:leading], -1).astype(np.int16) for array in inputs]
    words = np.concatenate(flat, axis=-1)
    return words if model.recurrent else words[:, None]


def inputs_of(model: PackedModel, words: np.ndarray) -> list[np.ndarray]:
    """Return the inputs that `words_of` packed."""
    words = words if model.recurrent else words[:, 0]
    ends = np.cumsum([model.values[name].size for name in model.inputs])[:-1]
    parts = np.split(words, ends, axis=-1)
    return [
        part.astype(model.values[name].dtype).reshape(*words.shape[:-1], *model.values[name].shape)
        for name, part in zip(model.inputs, parts, strict=True)
    ]


def reference_of(model: PackedModel) -> Reference:
    """Return the integer reference as a function of words; the class of a model without labels is 0."""

    def answer(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = run(model, *inputs_of(model, words))
        flat = [found.outputs[name].reshape(len(words), -1).astype(np.int32) for name in model.outputs]
        classes = found.answers if model.labels else np.zeros(len(words), np.int64)
        return np.concatenate(flat, axis=1), classes

    return answer
