"""Quantised arrays of ONNX files: integers with their scales, uint8 as int8."""

from dataclasses import dataclass

import numpy as np

from tinygmp.graph.operators.base import INT8_LIMIT
from tinygmp.readers.integer_graph import Meaning

MOVED = {"uint8": 128, "int8": 0}  # what is subtracted from integers and zero points


@dataclass(frozen=True)
class Quantised:
    """Constants of a file: q less its zero point, as int64; scales float32 [1] or one for each place along `axis`."""

    q: np.ndarray
    scales: np.ndarray
    axis: int

    def reals(self) -> np.ndarray:
        return self.q * along(self.scales, self.q, self.axis).astype(np.float64)

    def matrix(self, outputs_first: bool) -> "Quantised":
        """Return weights [outputs, inputs]; raises ValueError where scales belong to inputs."""
        if self.q.ndim != 2 or (self.scales.size > 1 and (self.axis % 2 == 0) != outputs_first):
            raise ValueError("weights that are no matrix, or with a scale for each input,")
        return self if outputs_first else Quantised(self.q.T, self.scales, 0)

    def narrow(self) -> np.ndarray:
        """Return int8; raises ValueError for weights outside of -127..127."""
        if np.abs(self.q).max(initial=0) > INT8_LIMIT:
            raise ValueError(
                f"a weight of {int(self.q.flat[np.abs(self.q).argmax()])}, its zero point taken away,"
            )
        return self.q.astype(np.int8)


def along(each: np.ndarray, q: np.ndarray, axis: int) -> np.ndarray:
    """Return numbers in the shape in which they stand beside an array; one stands for all."""
    if each.size == 1:
        return each.reshape(())
    sides = [1] * q.ndim
    sides[axis] = each.size
    return each.reshape(sides)


def tensor_meaning(q: np.ndarray, scale: np.ndarray, zero: np.ndarray, axis: int) -> Quantised:
    """Return an array of the file less its zero points; int32, of biases, has none."""
    if not (np.isfinite(scale) & (np.asarray(scale) > 0)).all():
        raise ValueError("a scale of weights that is no positive number")
    centred = q.astype(np.int64) - along(zero.astype(np.int64), q, axis)
    return Quantised(centred, np.asarray(scale, np.float32).reshape(-1), axis)


def quantised(reals: np.ndarray, scale: np.ndarray, zero: np.ndarray, axis: int) -> np.ndarray:
    """Return the integers of reals, as QuantizeLinear makes them."""
    info, places = np.iinfo(zero.dtype), (along(np.asarray(each), reals, axis) for each in (scale, zero))
    scales, zeros = places
    return np.clip(np.rint(reals / scales) + zeros, info.min, info.max).astype(zero.dtype)


def meaning_of(scale: np.ndarray, zero: np.ndarray) -> Meaning:
    """Return the scale and zero point of a value as int8; raises ValueError for any other."""
    if np.size(scale) != 1 or np.size(zero) != 1:
        raise ValueError("a value with several scales")
    moved = MOVED.get(np.asarray(zero).dtype.name)
    if moved is None:
        raise ValueError(f"a value of {np.asarray(zero).dtype.name}")
    one = float(np.float32(np.reshape(scale, ())))
    if not 0 < one < np.inf:
        raise ValueError(f"a scale of {one:g}")
    return one, int(np.reshape(zero, ())) - moved
