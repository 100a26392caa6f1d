"""What convolutions and fully connected layers share: integer weights, and sums that become int8 outputs."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinygmp.errors import ConfigError, RangeError
from tinygmp.graph.operators.base import expect_array, expect_dtype
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.values import Value
from tinygmp.quant.rounding_multiply import INT32_MAX, ROUNDINGS, quantize_multiplier
from tinygmp.sparse.tensor import PackedTensor

LARGEST_INPUTS = {"int8": 255, "int16": 32768}  # |q - zero_point| of any activation


@dataclass(frozen=True)
class Linear:
    """q = clamp(zero_out + multiply(weights @ (x - zero_in) + bias)).

    weight_scales: float32 [outputs]; bias: int32 [outputs] in units of input scale * weight scale.
    rounding: how sums become outputs, one of ROUNDINGS (tinygmp/quant/rounding_multiply.py).
    """

    weights: PackedTensor
    weight_scales: np.ndarray
    bias: np.ndarray
    limits: Limits = NO_LIMITS
    rounding: str = "fp32"

    rounds_once: ClassVar[bool] = False  # as gemmlowp; otherwise twice

    @property
    def one_scale(self) -> bool:
        """True where all outputs have one multiplier in flash."""
        return False

    @property
    def outputs(self) -> int:
        return self.weights.shape[0]

    @property
    def requantizer_count(self) -> int:
        """Number of multipliers and shifts in flash."""
        return 1 if self.one_scale else self.outputs

    def factors(self, read: Value, written: Value) -> np.ndarray:
        """Return float64 [outputs]: real factors from accumulator to output, as XNNPACK or TFLite computes them."""
        if self.rounding == "fp32":
            product = np.float32(read.scale) * self.weight_scales
            return (product / np.float32(written.scale)).astype(np.float64)
        if self.one_scale:  # TFLite multiplies the two scales in float32 here, unlike in its convolutions.
            product = np.float32(read.scale) * self.weight_scales
            return product.astype(np.float64) / float(written.scale)
        return float(read.scale) * self.weight_scales.astype(np.float64) / float(written.scale)

    def requantizers(self, read: Value, written: Value) -> tuple[np.ndarray, np.ndarray]:
        """Return int64 multipliers [outputs] and shifts [outputs]; RangeError where a factor is out of range."""
        pairs = np.array(
            [quantize_multiplier(float(factor)) for factor in self.factors(read, written)], np.int64
        )
        return pairs[:, 0], pairs[:, 1]

    def largest_accumulator(self, dtype: str = "int8") -> int:
        """Return the largest magnitude that any input can give, bias included."""
        rows = np.abs(self.weights.decode()).sum(axis=1, dtype=np.int64) * LARGEST_INPUTS[dtype]
        return int((rows + np.abs(self.bias.astype(np.int64))).max())

    def tensors(self) -> tuple[PackedTensor, ...]:
        return (self.weights,)

    def check_sums(self, node: str, read: Value, written: Value) -> None:
        """Raise where arrays do not fit, a factor is out of range, or a sum could leave 32 bits."""
        expect_array(node, "weight_scales", self.weight_scales, np.float32, (self.outputs,))
        expect_dtype(node, read, "int8", *(("int16",) if written.dtype == "int32" else ()))
        if self.rounding not in ROUNDINGS:
            raise ConfigError(
                f"layer '{node}': rounding '{self.rounding}' is unknown; known: {', '.join(ROUNDINGS)}"
            )
        largest = self.largest_accumulator(read.dtype)
        if largest > INT32_MAX:
            raise RangeError(
                f"layer '{node}': the accumulator can reach {largest}, the limit is "
                f"{INT32_MAX}; use a larger weight scale"
            )
        if written.dtype == "int8":
            try:
                self.requantizers(read, written)
            except RangeError as error:
                raise RangeError(f"layer '{node}': {error}") from error
