"""Run a converted TFLite step cell in TFLite Micro's own interpreter, and measure the memory it asks for."""

import os
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from converters.to_tflite.run import TfliteOutput, check_counts, litert, open_interpreter, output
from tinygmp.errors import FileFormatError, MissingToolError

ARENA_TOTAL = re.compile(r"Arena allocation total (\d+) bytes")
COUNTS, STATE_IN = 0, 1
LOGITS, STATE_OUT = 0, 1


@dataclass(frozen=True)
class MicroOutput:
    """What `run_tflite` returns, and the arena that the interpreter used on this machine, in bytes.

    A 32-bit core needs less, since most of an arena is structures with pointers.
    """

    result: TfliteOutput
    arena_bytes: int


def run_micro(artifact_bytes: bytes, counts: np.ndarray) -> MicroOutput:
    """Classify windows of raw counts, int16 [windows, steps, channels], one window at a time.

    Raises DataError for other counts, FileFormatError for bytes that are no such model, MissingToolError without
    tflite-micro.
    """
    interpreter = open_micro(artifact_bytes)
    check_counts(counts, int(interpreter.get_input_details(COUNTS)["shape"][1]))
    results = [run_window(interpreter, window) for window in counts]
    logits, state = (np.concatenate(parts) for parts in zip(*results, strict=True))
    scales = interpreter.get_output_details(LOGITS)["quantization_parameters"]["scales"]
    scale = float(scales[0]) if len(scales) else 0.0
    return MicroOutput(output(logits, scale, state), measure_arena_bytes(interpreter))


def open_micro(artifact_bytes: bytes) -> Any:
    try:
        from tflite_micro.python.tflite_micro import runtime
    except ImportError as error:
        raise MissingToolError("TFLite Micro is absent; install it with: pip install tflite-micro") from error
    # TFLite Micro trusts every offset in the file, and crashes on a damaged one; LiteRT checks them all.
    open_interpreter(litert(), artifact_bytes)
    return micro_interpreter(runtime, artifact_bytes)


def open_interpreter_micro(artifact_bytes: bytes, arena_bytes: int, trusted: bool = False) -> Any:
    """Return TFLite Micro's interpreter of a model that LiteRT accepts, or that is trusted to be whole."""
    try:
        from tflite_micro.python.tflite_micro import runtime
    except ImportError as error:
        raise MissingToolError("TFLite Micro is absent; install it with: pip install tflite-micro") from error
    try:
        if not trusted:
            litert()(model_content=artifact_bytes).allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise FileFormatError(f"LiteRT refused the model ({len(artifact_bytes)} B): {error}") from error
    return micro_interpreter(runtime, artifact_bytes, arena_size=arena_bytes)


def micro_interpreter(runtime: Any, artifact_bytes: bytes, **options: int) -> Any:
    try:
        return runtime.Interpreter.from_bytes(artifact_bytes, **options)
    except Exception as error:  # it raises bare RuntimeError, for a missing operator or too small an arena
        raise FileFormatError(f"TFLite Micro refused the model ({len(artifact_bytes)} B): {error}") from error


def run_window(interpreter: Any, window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    details = interpreter.get_input_details(STATE_IN)
    state = np.zeros(tuple(details["shape"]), details["dtype"])
    for row in window:
        interpreter.set_input(np.ascontiguousarray(row[None]), COUNTS)
        interpreter.set_input(state, STATE_IN)
        interpreter.invoke()
        state = np.array(interpreter.get_output(STATE_OUT))
    return np.array(interpreter.get_output(LOGITS)), state


def measure_arena_bytes(interpreter: Any) -> int:
    """Return the arena in use, which the interpreter only prints."""
    report = stderr_of(interpreter.print_allocations)
    found = ARENA_TOTAL.search(report)
    if found is None:
        raise FileFormatError(
            f"TFLite Micro printed no arena size: '{report[:200]}'; use another version of it"
        )
    return int(found.group(1))


def stderr_of(action: Callable[[], None]) -> str:
    """Return what native code writes to file descriptor 2 meanwhile."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            action()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        sink.seek(0)
        return sink.read().decode(errors="replace")
