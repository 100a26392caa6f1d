"""A matrix times all of a value."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.graph.operators.base import expect_array, expect_counts, expect_dtype, expect_shape
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.values import Value


@dataclass(frozen=True)
class FullyConnected(Linear):
    """Weights [outputs, inputs]; one weight scale for all outputs, or one each.

    Writes int8 by way of a multiplier, or int32: the sums as they are, of one scale, with a bias of int16 or int32.
    """

    rounds_once: ClassVar[bool] = True

    @property
    def one_scale(self) -> bool:
        return bool(np.ptp(self.weight_scales) == 0)

    @property
    def inputs(self) -> int:
        return self.weights.shape[1]

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 1, 1)
        expect_dtype(node, writes[0], "int8", "int32")
        narrow = writes[0].dtype == "int32" and self.bias.dtype == np.int16
        expect_array(node, "bias", self.bias, np.int16 if narrow else np.int32, (self.outputs,))
        if self.inputs != reads[0].size:
            raise ConfigError(
                f"layer '{node}' takes {self.inputs} inputs, '{reads[0].name}' has {reads[0].size}"
            )
        if writes[0].dtype == "int32" and self.limits.name != "none":
            raise ConfigError(f"layer '{node}': sums in int32 have no clamp; write int8 to clamp")
        if writes[0].dtype == "int32" and not self.one_scale:
            raise ConfigError(f"layer '{node}': sums in int32 have one scale for all outputs; write int8")
        expect_shape(node, writes[0], (self.outputs,))
        self.check_sums(node, reads[0], writes[0])
