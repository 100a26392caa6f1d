"""What every operator record answers, and the checks that they share."""

from typing import Protocol

import numpy as np

from tinygmp.errors import ConfigError, RangeError
from tinygmp.graph.values import Value
from tinygmp.sparse.tensor import PackedTensor

INT8_LIMIT = (
    127  # weights are symmetric: -127..127, so that a product of two never needs more than 14 bits and a sign
)


class Operator(Protocol):
    """A frozen record of what a node computes: its weights and settings, without the names that it reads and writes."""

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        """Raise ConfigError or RangeError, naming the node, where the values do not fit the record."""
        ...

    def tensors(self) -> tuple[PackedTensor, ...]:
        """Return the packed weight tensors in the order of use."""
        ...


def expect_array(node: str, field: str, array: np.ndarray, dtype: type, shape: tuple[int, ...]) -> None:
    if array.dtype != dtype or array.shape != shape:
        raise ConfigError(
            f"layer '{node}': {field} is {array.dtype} {array.shape}, expected {np.dtype(dtype)} {shape}"
        )


def expect_range(node: str, field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise RangeError(f"layer '{node}': {field} {value} is outside {low}..{high}; rescale the layer")


def expect_counts(
    node: str, reads: tuple[Value, ...], writes: tuple[Value, ...], inputs: int, outputs: int
) -> None:
    if (len(reads), len(writes)) != (inputs, outputs):
        raise ConfigError(
            f"layer '{node}' reads {len(reads)} values and writes {len(writes)}, expected {inputs} and {outputs}"
        )


def expect_dtype(node: str, value: Value, *dtypes: str) -> None:
    if value.dtype not in dtypes:
        raise ConfigError(
            f"layer '{node}': value '{value.name}' is {value.dtype}, expected {' or '.join(dtypes)}"
        )


def expect_shape(node: str, value: Value, shape: tuple[int, ...]) -> None:
    if value.shape != shape:
        raise ConfigError(f"layer '{node}': value '{value.name}' has shape {value.shape}, expected {shape}")


def expect_same_meaning(node: str, one: Value, other: Value) -> None:
    if not one.means_as(other):
        raise ConfigError(
            f"layer '{node}': '{one.name}' and '{other.name}' differ in type, scale or zero point, which it keeps"
        )
