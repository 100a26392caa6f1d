"""Run a converted image network in onnxruntime."""

import time

import numpy as np

from converters.to_onnx.run import open_session
from tinygmp.errors import DataError


def run_onnx_images(
    content: bytes, pixels: np.ndarray, threads: int = 1, seconds: list[float] | None = None
) -> np.ndarray:
    """Return real logits float32 [images, classes] of uint8 images, one at a time.

    seconds: takes the time of each image.

    Raises FileFormatError for bytes that are no model, DataError for other images, MissingToolError without
    onnxruntime.
    """
    session = open_session(content, threads)
    shape = session.get_inputs()[0].shape
    if pixels.dtype != np.uint8 or list(pixels.shape[1:]) != list(shape[1:]):
        raise DataError(f"the model needs uint8 images {shape}, got {pixels.dtype} {pixels.shape}")
    logits = []
    for image in pixels:
        begin = time.perf_counter()
        logits.append(session.run(["logits"], {"pixels": image[None]})[0])
        if seconds is not None:
            seconds.append(time.perf_counter() - begin)
    return np.concatenate(logits)
