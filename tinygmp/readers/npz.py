"""Published MobileNet-V1 weights as arrays in an .npz file."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tinygmp.errors import DataError
from tinygmp.floats.graph import FloatGraph
from tinygmp.foreign import read_arrays
from tinygmp.readers.folding import folded_batch_norm
from tinygmp.readers.mobilenet_v1 import NAMES, mobilenet_v1, same_sides
from tinygmp.readers.pixel_meaning import PIXEL_MEANINGS

KERAS_EPSILON = 1e-3


def load_npz(path: Path, size: int, pixels: str = "minus_one_to_one") -> FloatGraph:
    """Return the float graph of an .npz file: float weights with batch norm, or int8 ones with folded batch norm.

    Padding is TensorFlow's 'SAME' for square images of `size`. Raises DataError when keys are missing.
    """
    try:
        arrays = read_arrays(path, "see docs/mobilenet.md")
        folded = {name: fold(arrays, name) for name in NAMES}
    except KeyError as error:
        raise DataError(f"'{path}' holds no MobileNet-V1 weights ({error}); see docs/mobilenet.md") from error
    return mobilenet_v1(folded, size, same_sides, "relu6", path.name, PIXEL_MEANINGS[pixels])


def fold(arrays: Mapping[str, np.ndarray], name: str) -> tuple[np.ndarray, np.ndarray]:
    if f"{name}.weight_q" in arrays:
        return arrays[f"{name}.weight_q"] * arrays[f"{name}.scale"], arrays[f"{name}.bias"]
    weight = arrays[f"{name}.weight"]
    if name == "fc":
        return weight, arrays["fc.bias"]
    gamma, beta, mean, variance = (
        arrays[f"{name}.bn.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    return folded_batch_norm(weight, gamma, beta, mean, variance, KERAS_EPSILON)
