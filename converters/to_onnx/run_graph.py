"""Run a converted graph in onnxruntime."""

import time
from collections.abc import Sequence

import numpy as np

from converters.to_onnx.run import open_session
from tinygmp.errors import DataError

TYPES = {"tensor(uint8)": np.uint8, "tensor(int8)": np.int8, "tensor(int16)": np.int16}


def run_onnx_graph(
    content: bytes, inputs: Sequence[np.ndarray], threads: int = 1, seconds: list[float] | None = None
) -> dict[str, np.ndarray]:
    """Return real outputs float32 by name, and 'class', of one array an input, [batch, *shape]; one run an entry.

    seconds: takes the time of each run.

    Raises FileFormatError for bytes that are no model, DataError for other inputs, MissingToolError without
    onnxruntime.
    """
    session = open_session(content, threads)
    wanted = session.get_inputs()
    if len(wanted) != len(inputs):
        raise DataError(f"the model takes {len(wanted)} inputs, got {len(inputs)}")
    for item, array in zip(wanted, inputs, strict=True):
        if array.dtype != TYPES.get(item.type) or list(array.shape[1:]) != list(item.shape[1:]):
            raise DataError(
                f"the model needs '{item.name}' as {item.type} {item.shape}, got {array.dtype} {array.shape}"
            )
    names = [item.name for item in session.get_outputs()]
    answers: list[list[np.ndarray]] = []
    for index in range(len(inputs[0])):
        feed = {item.name: array[index : index + 1] for item, array in zip(wanted, inputs, strict=True)}
        begin = time.perf_counter()
        answers.append(session.run(names, feed))
        if seconds is not None:
            seconds.append(time.perf_counter() - begin)
    return {name: np.concatenate([answer[place] for answer in answers]) for place, name in enumerate(names)}
