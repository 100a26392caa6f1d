"""Run a converted ONNX model, window or step cell, in onnxruntime over many windows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygmp.errors import DataError, FileFormatError, MissingToolError

STATE_IN, STATE_OUT = "_in", "_out"
WINDOWS_AT_ONCE = 1024  # bounds the memory of the whole-window form


@dataclass(frozen=True)
class OnnxOutput:
    """logits float32 [windows, classes] in real units, classes int64 [windows].

    logits_int32 is the reference's integer output, from the exact form only.
    """

    logits: np.ndarray
    classes: np.ndarray
    logits_int32: np.ndarray | None = None


def run_onnx(artifact_bytes: bytes, counts: np.ndarray, threads: int = 1) -> OnnxOutput:
    """Classify windows of raw counts, int16 [windows, steps, channels], with a window model or a step cell.

    Raises DataError for other counts, FileFormatError for bytes that are no ONNX model, MissingToolError
    without onnxruntime.
    """
    session = open_session(artifact_bytes, threads)
    inputs = {item.name: item for item in session.get_inputs()}
    channels = inputs["counts"].shape[-1]
    if counts.dtype != np.int16 or counts.ndim != 3 or counts.shape[2] != channels:
        raise DataError(
            f"the model needs int16 counts [windows, steps, {channels}], got {counts.dtype} {counts.shape}"
        )
    run_chunk = run_steps if any(name.endswith(STATE_IN) for name in inputs) else run_window
    starts = range(0, max(len(counts), 1), WINDOWS_AT_ONCE)
    chunks = [run_chunk(session, counts[start : start + WINDOWS_AT_ONCE]) for start in starts]
    joined = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
    return OnnxOutput(joined["logits"], joined["class"], joined.get("logits_int32"))


def open_session(artifact_bytes: bytes, threads: int) -> Any:
    """Return an onnxruntime session on the CPU."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingToolError("onnxruntime is absent; install it with: pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(artifact_bytes, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises several classes of its own for a damaged file
        raise FileFormatError(
            f"onnxruntime refused the ONNX model ({len(artifact_bytes)} B): {error}"
        ) from error


def run_window(session: Any, counts: np.ndarray) -> dict[str, np.ndarray]:
    return named(session, session.run(None, {"counts": counts}))


def run_steps(session: Any, counts: np.ndarray) -> dict[str, np.ndarray]:
    """Feed the step cell one step after another, its states carried by the caller."""
    entering = [item for item in session.get_inputs() if item.name.endswith(STATE_IN)]
    dtypes = {"tensor(int16)": np.int16, "tensor(float)": np.float32}
    states = {item.name: np.zeros((len(counts), item.shape[1]), dtypes[item.type]) for item in entering}
    result: dict[str, np.ndarray] = {}
    for step in range(counts.shape[1]):
        feed = {"counts": np.ascontiguousarray(counts[:, step]), **states}
        result = named(session, session.run(None, feed))
        states = {name: result.pop(name.removesuffix(STATE_IN) + STATE_OUT) for name in states}
    return result


def named(session: Any, values: list[np.ndarray]) -> dict[str, np.ndarray]:
    return dict(zip((item.name for item in session.get_outputs()), values, strict=True))
