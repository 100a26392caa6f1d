"""Images in and out of the device lab, whose ports carry windows of 16-bit words."""

import numpy as np

from tinygmp.errors import DataError


def image_words(pixels: np.ndarray) -> np.ndarray:
    """Return uint8 images [images, rows, columns, channels] as int16 [images, rows * columns, channels]."""
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or 0 in pixels.shape:
        raise DataError(
            f"images must be uint8 [images, rows, columns, channels], got {pixels.dtype} {pixels.shape}"
        )
    count, rows, columns, channels = pixels.shape
    return pixels.reshape(count, rows * columns, channels).astype(np.int16)
