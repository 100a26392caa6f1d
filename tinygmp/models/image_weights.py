"""One door for image weights from anywhere: the reader follows from the file's name."""

from collections.abc import Sequence
from pathlib import Path

from tinygmp.errors import ConfigError, DataError
from tinygmp.models.mobilenet_v1_weights import MobileNetWeights
from tinygmp.models.pixel_normalisation import HALF

SUFFIXES = {
    ".npz": "MobileNet-V1 arrays",
    ".h5": "Keras",
    ".tflite": "float TFLite",
    ".onnx": "ONNX",
    ".safetensors": "PyTorch",
    ".pt": "PyTorch",
    ".pth": "PyTorch",
}
PIXELS = {(0.5, 0.5): "minus_one_to_one", (0.0, 1.0): "zero_to_one"}


def load_image_weights(
    path: Path, size: int | None = None, mean: Sequence[float] = HALF, std: Sequence[float] = HALF
) -> MobileNetWeights:
    """Return the folded weights of a file: .npz, .h5, .tflite, .onnx, .safetensors, .pt or .pth.

    size: rows and columns of an image, for .npz and PyTorch files, which do not tell; others are held against it. mean,
    std: by channel, what training subtracted from pixels in 0..1 and divided by; 0.5 and 0.5 mean -1..1, 0 and 1 mean
    0..1. Raises DataError, UnsupportedError or ConfigError that name the file and what is missing.
    """
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise ConfigError(f"'{path}' has no ending of image weights; known: {', '.join(SUFFIXES)}")
    weights = read(path, kind, size, mean, std)
    if size is not None and weights.size != size:
        raise DataError(
            f"'{path}' takes images of {weights.size} x {weights.size}, not {size}; give size {weights.size}"
        )
    return weights


def read(
    path: Path, kind: str, size: int | None, mean: Sequence[float], std: Sequence[float]
) -> MobileNetWeights:
    if kind == "ONNX":
        from tinygmp.models.onnx_chain import load_onnx

        return load_onnx(path, mean, std)
    if kind in ("PyTorch", "MobileNet-V1 arrays") and size is None:
        raise ConfigError(f"'{path}' does not tell the size of its images; give it, 224 or 128 for example")
    if kind == "PyTorch":
        from tinygmp.models.torch_state import load_torch

        return load_torch(path, size or 0, mean, std)
    pixels = PIXELS.get((mean[0], std[0])) if len({*mean}) == len({*std}) == 1 else None
    if pixels is None:
        raise ConfigError(
            f"'{path}': mean {tuple(mean)} and std {tuple(std)}; a {kind} file is read with 0.5 and 0.5, or 0 and 1"
        )
    if kind == "MobileNet-V1 arrays":
        from tinygmp.models.mobilenet_v1_weights import load_npz

        return load_npz(path, size or 0)
    if kind == "Keras":
        from tinygmp.models.keras_h5 import load_keras

        return load_keras(path, pixels)
    from tinygmp.models.tflite_chain import load_tflite

    return load_tflite(path, pixels)
