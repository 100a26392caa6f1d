"""Run a converted image network in LiteRT."""

import numpy as np

from converters.to_tflite.run import litert
from tinygmp.errors import DataError, FileFormatError


def run_tflite_images(content: bytes, pixels: np.ndarray, reference_kernels: bool = False) -> np.ndarray:
    """Return logits [images, classes], int8 or float32 as the file has them, of uint8 images, one at a time.

    reference_kernels: TFLite's plain kernels without a delegate, which round as the reference executor does;
    otherwise XNNPACK. Raises FileFormatError for bytes that are no model, DataError for other images.
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
        x = (centred / 127.5).astype(np.float32) if real else centred.astype(np.int8)
        interpreter.set_tensor(source["index"], x[None])
        interpreter.invoke()
        logits.append(interpreter.get_tensor(target["index"])[0])
    return np.array(logits)
