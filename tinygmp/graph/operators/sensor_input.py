"""Raw sensor counts to int8: the training set's normalisation, folded."""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.graph.operators.base import expect_array, expect_counts, expect_dtype, expect_range, expect_shape
from tinygmp.graph.values import Value
from tinygmp.sparse.tensor import PackedTensor


@dataclass(frozen=True)
class SensorInput:
    """Reads int16 counts, writes int8 or int16 of the same shape; the real normalised value is x * the value's scale.

    x = clip((saturate16(counts - offset) * multiplier + 2**(shift-1)) >> shift, -127, 127), per channel; of int16 to
    -32767..32767.
    """

    channel_names: tuple[str, ...]
    units: tuple[str, ...]
    counts_per_unit: tuple[float, ...]
    offset: np.ndarray  # int16 [channels]
    multiplier: np.ndarray  # int16 [channels], 1..32767
    shift: int  # 1..30

    @property
    def channels(self) -> int:
        return len(self.channel_names)

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 1, 1)
        expect_array(node, "offset", self.offset, np.int16, (self.channels,))
        expect_array(node, "multiplier", self.multiplier, np.int16, (self.channels,))
        expect_range(node, "shift", self.shift, 1, 30)
        expect_range(node, "multiplier", int(self.multiplier.min()), 1, 32767)
        if not len(self.units) == len(self.counts_per_unit) == self.channels:
            raise ConfigError(f"layer '{node}': units and counts_per_unit need {self.channels} entries")
        if not all(counts > 0 for counts in self.counts_per_unit):
            raise ConfigError(
                f"layer '{node}': counts_per_unit {self.counts_per_unit[:9]} must all be above 0"
            )
        if reads[0].channels != self.channels:
            raise ConfigError(
                f"layer '{node}' takes {self.channels} channels, '{reads[0].name}' has {reads[0].channels}"
            )
        expect_dtype(node, reads[0], "int16")
        expect_dtype(node, writes[0], "int8", "int16")
        expect_shape(node, writes[0], reads[0].shape)

    def tensors(self) -> tuple[PackedTensor, ...]:
        return ()
