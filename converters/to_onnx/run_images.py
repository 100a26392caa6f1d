"""Run a converted image network in onnxruntime."""

import numpy as np

from converters.to_onnx.run import open_session
from tinygmp.errors import DataError


def run_onnx_images(content: bytes, pixels: np.ndarray, threads: int = 1) -> np.ndarray:
    """Return real logits float32 [images, classes] of uint8 images, one at a time.

    Raises FileFormatError for bytes that are no model, DataError for other images, MissingToolError without
    onnxruntime.
    """
    session = open_session(content, threads)
    shape = session.get_inputs()[0].shape
    if pixels.dtype != np.uint8 or list(pixels.shape[1:]) != list(shape[1:]):
        raise DataError(f"the model needs uint8 images {shape}, got {pixels.dtype} {pixels.shape}")
    return np.concatenate([session.run(["logits"], {"pixels": image[None]})[0] for image in pixels])
