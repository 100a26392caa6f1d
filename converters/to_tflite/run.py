"""Run a converted TFLite step cell over many windows, in LiteRT or in TFLite Micro."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygmp.errors import DataError, FileFormatError, MissingToolError

STATE_IN, STATE_OUT = "_in", "_out"


@dataclass(frozen=True)
class TfliteOutput:
    """logits float32 [windows, classes] in real units, classes int64 [windows], the first state as the model has it."""

    logits: np.ndarray
    classes: np.ndarray
    state: np.ndarray


def run_tflite(artifact_bytes: bytes, counts: np.ndarray, threads: int = 1) -> TfliteOutput:
    """Classify windows of raw counts, int16 [windows, steps, channels], with a step cell in LiteRT.

    All windows go through the cell side by side. Raises DataError for other counts, FileFormatError for bytes
    that are no such model, MissingToolError without ai-edge-litert.
    """
    return run_interpreter(litert(), artifact_bytes, counts, threads)


def litert() -> type:
    """Return LiteRT's Interpreter class."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise MissingToolError("LiteRT is absent; install it with: pip install ai-edge-litert") from error
    return Interpreter


def open_interpreter(interpreter_class: type, artifact_bytes: bytes, threads: int = 1) -> Any:
    """Return an interpreter of a step cell; raises FileFormatError for other bytes."""
    try:
        interpreter = interpreter_class(model_content=artifact_bytes, num_threads=threads)
    except Exception as error:  # the interpreters raise bare ValueError or RuntimeError
        raise FileFormatError(
            f"LiteRT refused the TFLite model ({len(artifact_bytes)} B): {error}"
        ) from error
    if "step" not in interpreter.get_signature_list():
        raise FileFormatError("the TFLite model has no signature 'step'; convert the packed model again")
    return interpreter


def run_interpreter(
    interpreter_class: type, artifact_bytes: bytes, counts: np.ndarray, threads: int = 1
) -> TfliteOutput:
    """Run as `run_tflite` does, in any class with LiteRT's (and TensorFlow's) Interpreter interface."""
    interpreter = open_interpreter(interpreter_class, artifact_bytes, threads)
    inputs = {item["name"]: item for item in interpreter.get_input_details()}
    outputs = {item["name"]: item for item in interpreter.get_output_details()}
    check_counts(counts, int(inputs["counts"]["shape"][1]))
    windows = max(len(counts), 1)
    for item in inputs.values():
        interpreter.resize_tensor_input(item["index"], [windows, int(item["shape"][1])])
    interpreter.allocate_tensors()
    entering = {name: item for name, item in inputs.items() if name.endswith(STATE_IN)}
    states = {
        name: np.zeros((windows, int(item["shape"][1])), item["dtype"]) for name, item in entering.items()
    }
    for step in range(counts.shape[1]):
        if len(counts):
            interpreter.set_tensor(inputs["counts"]["index"], np.ascontiguousarray(counts[:, step]))
        for name, state in states.items():
            interpreter.set_tensor(inputs[name]["index"], state)
        interpreter.invoke()
        states = {name: interpreter.get_tensor(outputs[written(name)]["index"]) for name in states}
    logits = interpreter.get_tensor(outputs["logits"]["index"])[: len(counts)]
    first = next(iter(states.values()))
    return output(logits, outputs["logits"]["quantization"][0], first[: len(counts)])


def written(state: str) -> str:
    """Return the output that a state's input is fed with next."""
    return state.removesuffix(STATE_IN) + STATE_OUT


def check_counts(counts: np.ndarray, channels: int) -> None:
    if counts.dtype != np.int16 or counts.ndim != 3 or counts.shape[2] != channels or not counts.shape[1]:
        raise DataError(
            f"the model needs int16 counts [windows, steps, {channels}], got {counts.dtype} {counts.shape}"
        )


def output(logits: np.ndarray, scale: float, state: np.ndarray) -> TfliteOutput:
    real = (logits * np.float32(scale or 1.0)).astype(np.float32)
    return TfliteOutput(real, logits.argmax(axis=1), state)
