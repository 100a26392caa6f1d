"""Run a converted image network in LiteRT and in TFLite Micro."""

import time

import numpy as np

from converters.to_tflite.micro import open_interpreter_micro
from converters.to_tflite.run import litert
from tinygmp.errors import DataError, FileFormatError
from tinygmp.packed.image_model import PIXELS, Activation


def run_tflite_images(
    content: bytes,
    pixels: np.ndarray,
    reference_kernels: bool = False,
    seconds: list[float] | None = None,
    meaning: Activation = PIXELS,
) -> np.ndarray:
    """Return logits [images, classes], int8 or float32 as the file has them, of uint8 images, one at a time.

    reference_kernels: TFLite's plain kernels without a delegate, which round as the reference executor does;
    otherwise XNNPACK. seconds: takes the time of each image. meaning: of pixel - 128, for float files.

    Raises FileFormatError for bytes that are no model, DataError for other images.
    """
    from ai_edge_litert.interpreter import OpResolverType

    kernels = OpResolverType.BUILTIN_REF if reference_kernels else OpResolverType.AUTO
    try:
        interpreter = litert()(model_content=content, num_threads=1, experimental_op_resolver_type=kernels)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise FileFormatError(f"LiteRT refused the TFLite model ({len(content)} B): {error}") from error
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    if pixels.dtype != np.uint8 or pixels.shape[1:] != tuple(source["shape"][1:]):
        raise DataError(f"the model needs uint8 images {source['shape']}, got {pixels.dtype} {pixels.shape}")
    logits = []
    for image in pixels:
        centred = image.astype(np.int16) - 128
        real = source["dtype"] == np.float32
        x = meaning.real(centred) if real else centred.astype(np.int8)
        begin = time.perf_counter()
        interpreter.set_tensor(source["index"], x[None])
        interpreter.invoke()
        logits.append(interpreter.get_tensor(target["index"])[0])
        if seconds is not None:
            seconds.append(time.perf_counter() - begin)
    return np.array(logits)


def run_micro_images(
    content: bytes,
    pixels: np.ndarray,
    arena_bytes: int,
    seconds: list[float] | None = None,
    trusted: bool = False,
) -> np.ndarray:
    """Return int8 logits [images, classes] of uint8 images in TFLite Micro's own interpreter.

    trusted: the file was just written here; any other is checked by LiteRT first, which refuses TFLM_DECODE.
    Raises FileFormatError for bytes that it refuses, or too small an arena; MissingToolError without tflite-micro.
    """
    interpreter = open_interpreter_micro(content, arena_bytes, trusted)
    logits = []
    for image in pixels:
        x = (image.astype(np.int16) - 128).astype(np.int8)
        begin = time.perf_counter()
        interpreter.set_input(x[None], 0)
        interpreter.invoke()
        logits.append(np.array(interpreter.get_output(0))[0])
        if seconds is not None:
            seconds.append(time.perf_counter() - begin)
    return np.array(logits)
