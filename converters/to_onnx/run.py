"""Run a converted ONNX model, window or step cell, in onnxruntime over many windows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygmp.errors import DataError, FileFormatError, MissingToolError

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
    run_chunk = run_steps if "state_in" in inputs else run_window
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
    """Feed the step cell one step after another, its state carried by the caller."""
    state_in = next(item for item in session.get_inputs() if item.name == "state_in")
    dtype = np.int16 if state_in.type == "tensor(int16)" else np.float32
    state = np.zeros((len(counts), state_in.shape[1]), dtype)
    result: dict[str, np.ndarray] = {}
    for step in range(counts.shape[1]):
        feed = {"counts": np.ascontiguousarray(counts[:, step]), "state_in": state}
        result = named(session, session.run(None, feed))
        state = result.pop("state_out")
    return result


def named(session: Any, values: list[np.ndarray]) -> dict[str, np.ndarray]:
    return dict(zip((item.name for item in session.get_outputs()), values, strict=True))
