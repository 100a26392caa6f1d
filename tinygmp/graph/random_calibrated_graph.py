"""Random graphs whose scales fit what flows through them, as packing finds them: for limits of agreement of floats."""

import numpy as np

from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.base import Operator
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.random_graph import MOST_ELEMENTS, RandomGraph, random_values
from tinygmp.graph.reference.convolution import linear_sums
from tinygmp.graph.reference.registry import prepared
from tinygmp.graph.values import Shape, Value

SAMPLES = 64
LEAST_RANGE = 1e-3  # of real outputs, so that a layer of constants has a scale


def random_calibrated_graph(seed: int, layers: int = 8, elements: int = MOST_ELEMENTS) -> PackedModel:
    """Return a random graph none of whose sums leaves the int8 range on `SAMPLES` random inputs."""
    return CalibratedGraph(seed, elements).build(layers)


class CalibratedGraph(RandomGraph):
    """A graph under construction, and what each of its values holds for some inputs, [SAMPLES, *shape]."""

    def __init__(self, seed: int, elements: int) -> None:
        super().__init__(seed, elements)
        self.samples: dict[str, np.ndarray] = {}

    def write(self, operator: Operator, reads: list[Value], shape: Shape, scale: float, zero: int) -> Value:
        arrays = [self.sampled(read) for read in reads]
        if isinstance(operator, Linear | Add):
            scale, zero = meaning_of(real_outputs(operator, reads, arrays))
        written = super().write(operator, reads, shape, scale, zero)
        (self.samples[written.name],) = prepared(operator, tuple(reads), (written,))(*arrays)
        return written

    def sampled(self, read: Value) -> np.ndarray:
        """Return what a value holds, drawn now where it is an input."""
        if read.name not in self.samples:
            self.samples[read.name] = random_values(self.rng, read, (SAMPLES,))
        return self.samples[read.name]


def real_outputs(operator: Linear | Add, reads: list[Value], arrays: list[np.ndarray]) -> np.ndarray:
    """Return the real numbers that an operator gives, clamped, not rounded."""
    if isinstance(operator, Add):
        real = reads[0].real(arrays[0]) + reads[1].real(arrays[1])
    else:
        real = linear_sums(operator, reads[0], arrays[0]) * (reads[0].scale * operator.weight_scales)
    return np.clip(real, operator.limits.low, operator.limits.high)


def meaning_of(real: np.ndarray) -> tuple[float, int]:
    """Return scale and zero point of int8 that hold zero and all of some real numbers."""
    low, high = min(0.0, float(real.min())), max(0.0, float(real.max()))
    scale = float(np.float32(max(high - low, LEAST_RANGE) / 255))
    return scale, max(-128, min(127, round(-128 - low / scale)))
