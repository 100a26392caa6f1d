"""Run a converted graph in LiteRT and in TFLite Micro."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from converters.ports import output_names
from converters.to_tflite.graph_model import file_inputs
from converters.to_tflite.micro import open_interpreter_micro
from converters.to_tflite.run import litert
from tinygmp.errors import DataError, FileFormatError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.registry import prepared


def tflite_inputs(model: PackedModel, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return what a file takes, int8 [batch, *shape], of the packed model's inputs, in the order of its inputs."""
    given = dict(zip(model.inputs, inputs, strict=True))
    for node in model.nodes:
        if len(node.reads) == 1 and node.reads[0] in given and node.writes[0] in file_inputs(model):
            execute = prepared(node.operator, model.read_by(node), model.written_by(node))
            given[node.writes[0]] = execute(given[node.reads[0]])[0]
    return [given[value] for value in file_inputs(model)]


def run_tflite_graph(
    content: bytes,
    model: PackedModel,
    inputs: Sequence[np.ndarray],
    reference_kernels: bool = False,
    seconds: list[float] | None = None,
) -> dict[str, np.ndarray]:
    """Return outputs by name, int8 or float32 as the file has them, of the packed model's inputs; one run an entry.

    Sums, which a file holds as int16 of a scale of its own, are real numbers.

    reference_kernels: TFLite's plain kernels without a delegate; otherwise XNNPACK. seconds: takes each run's time.

    Raises FileFormatError for bytes that are no model of this one, DataError for other inputs.
    """
    from ai_edge_litert.interpreter import OpResolverType

    kernels = OpResolverType.BUILTIN_REF if reference_kernels else OpResolverType.AUTO
    try:
        interpreter = litert()(model_content=content, num_threads=1, experimental_op_resolver_type=kernels)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise FileFormatError(f"LiteRT refused the TFLite model ({len(content)} B): {error}") from error
    sources, targets = interpreter.get_input_details(), interpreter.get_output_details()
    arrays = tflite_inputs(model, inputs)
    meanings = [model.values[value] for value in file_inputs(model)]
    for source, array in zip(sources, arrays, strict=True):
        if list(source["shape"][1:]) != list(array.shape[1:]):
            raise DataError(f"the model needs {source['shape']}, got {array.dtype} {array.shape}")
    answers = []
    for index in range(len(arrays[0])):
        ready = [
            meaning.real(array[index]) if source["dtype"] == np.float32 else array[index]
            for source, array, meaning in zip(sources, arrays, meanings, strict=True)
        ]
        begin = time.perf_counter()
        for source, each in zip(sources, ready, strict=True):
            interpreter.set_tensor(source["index"], each[None])
        interpreter.invoke()
        answers.append([told(interpreter.get_tensor(target["index"])[0], target) for target in targets])
        if seconds is not None:
            seconds.append(time.perf_counter() - begin)
    return together(model, answers)


def run_micro_graph(
    content: bytes,
    model: PackedModel,
    inputs: Sequence[np.ndarray],
    arena_bytes: int,
    seconds: list[float] | None = None,
    trusted: bool = False,
) -> dict[str, np.ndarray]:
    """Return outputs by name, as run_tflite_graph does, in TFLite Micro's own interpreter.

    trusted: the file was just written here; any other is checked by LiteRT first, which refuses TFLM_DECODE.
    Raises FileFormatError for bytes that it refuses, or too small an arena; MissingToolError without tflite-micro.
    """
    interpreter = open_interpreter_micro(content, arena_bytes, trusted)
    arrays = tflite_inputs(model, inputs)
    targets = [(place, interpreter.get_output_details(place)) for place in range(len(model.outputs))]
    answers = []
    for index in range(len(arrays[0])):
        begin = time.perf_counter()
        for place, array in enumerate(arrays):
            interpreter.set_input(array[index : index + 1], place)
        interpreter.invoke()
        answers.append(
            [told(np.array(interpreter.get_output(place))[0], target) for place, target in targets]
        )
        if seconds is not None:
            seconds.append(time.perf_counter() - begin)
    return together(model, answers)


def told(output: np.ndarray, details: dict[str, Any]) -> np.ndarray:
    """Return an output as the file has it, of int16 the real numbers."""
    if output.dtype != np.int16:
        return output
    return np.asarray(output * float(details["quantization_parameters"]["scales"][0]))


def together(model: PackedModel, answers: list[list[Any]]) -> dict[str, np.ndarray]:
    names = output_names(model).values()
    return {name: np.array([answer[place] for answer in answers]) for place, name in enumerate(names)}
