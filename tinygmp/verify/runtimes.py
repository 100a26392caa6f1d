"""Every runtime behind one signature: a file, its model and inputs to outputs in integer units and classes.

The runtimes are imported when one runs, so that this module loads without any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinygmp.graph.model import PackedModel

MICRO_SPARE_BYTES = 1 << 19  # of TFLite Micro's arena for what is not a map
Inputs = Sequence[np.ndarray]


@dataclass(frozen=True)
class Answers:
    """outputs: by the model's names, [samples, *shape], of float runtimes real values in units of the reference's
    integers, not rounded; classes: int64 [samples] where the file tells them itself.
    """

    outputs: Mapping[str, np.ndarray]
    classes: np.ndarray | None = None


def tflite_steps(content: bytes, model: PackedModel, inputs: Inputs, seconds: list[float]) -> Answers:
    from converters.to_tflite.run import run_tflite

    found = run_tflite(content, inputs[0])
    return Answers({model.outputs[0]: found.logits / model.output.scale}, found.classes)


def onnx_steps(content: bytes, model: PackedModel, inputs: Inputs, seconds: list[float]) -> Answers:
    from converters.to_onnx.run import run_onnx

    found = run_onnx(content, inputs[0])
    exact = found.logits_int32
    logits = found.logits / model.output.scale if exact is None else exact
    return Answers({model.outputs[0]: logits}, found.classes)


def tflite(content: bytes, model: PackedModel, inputs: Inputs, seconds: list[float]) -> Answers:
    from converters.to_tflite.run_graph import run_tflite_graph

    return answers(model, run_tflite_graph(content, model, inputs, seconds=seconds))


def tflite_plain(content: bytes, model: PackedModel, inputs: Inputs, seconds: list[float]) -> Answers:
    from converters.to_tflite.run_graph import run_tflite_graph

    return answers(model, run_tflite_graph(content, model, inputs, True, seconds))


def micro(content: bytes, model: PackedModel, inputs: Inputs, seconds: list[float]) -> Answers:
    from converters.to_tflite.run_graph import run_micro_graph

    return answers(model, run_micro_graph(content, model, inputs, arena_bytes(model), seconds))


def micro_decoded(content: bytes, model: PackedModel, inputs: Inputs, seconds: list[float]) -> Answers:
    from converters.to_tflite.run_graph import run_micro_graph

    largest = max(tensor.size for tensor in model.tensors())
    arena = arena_bytes(model) + 2 * largest
    return answers(model, run_micro_graph(content, model, inputs, arena, seconds, trusted=True))


def onnx(content: bytes, model: PackedModel, inputs: Inputs, seconds: list[float]) -> Answers:
    from converters.to_onnx.run_graph import run_onnx_graph

    return answers(model, run_onnx_graph(content, inputs, seconds=seconds))


def arena_bytes(model: PackedModel) -> int:
    """Return more than TFLite Micro needs for the values that may live at once."""
    return 3 * sum(value.bytes for value in model.values.values()) + MICRO_SPARE_BYTES


def answers(model: PackedModel, found: Mapping[str, np.ndarray]) -> Answers:
    """Return outputs by the model's names in integer units."""
    from converters.ports import output_names

    outputs = {}
    for value, name in output_names(model).items():
        meaning, array = model.values[value], found[name]
        real = np.issubdtype(array.dtype, np.floating)
        outputs[value] = array.astype(np.float64) / meaning.scale + meaning.zero_point if real else array
    return Answers(outputs)
