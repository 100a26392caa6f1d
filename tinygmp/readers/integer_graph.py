"""A packed graph under construction, as integers, scales and zero points of a quantised file come in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import RangeError, UnsupportedError
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.base import Operator
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.limits import Limits
from tinygmp.graph.operators.reshape import Reshape
from tinygmp.graph.values import Shape, Value
from tinygmp.quant.rounding_multiply import INT32_MAX
from tinygmp.sparse import choose

FORMATS_OF_MAPS = ("dense", "bitmask", "rice")  # what the kernels of maps read quickly
Meaning = tuple[float, int]  # scale and zero point of int8


@dataclass(frozen=True)
class Weights:
    """A layer's integers: int8 [outputs, columns], a scale for all or one each, int32 bias [outputs] or none."""

    q: np.ndarray
    scales: np.ndarray
    bias: np.ndarray | None

    @property
    def outputs(self) -> int:
        return len(self.q)


@dataclass
class IntegerGraph:
    """Nodes in order of execution and the values that they write; what is no part of it is refused in its words."""

    origin: str  # the file's name
    rounding: str
    supported: str
    values: dict[str, Value] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)

    def value(self, shape: Shape, meaning: Meaning) -> str:
        """Return the name of a new int8 value."""
        name, (scale, zero_point) = f"t{len(self.values)}", meaning
        self.values[name] = Value(name, shape, "int8", float(np.float32(scale)), zero_point)
        return name

    def meaning(self, name: str) -> Meaning:
        return self.values[name].scale, self.values[name].zero_point

    def write(self, operator: Operator, reads: Sequence[str], shape: Shape, meaning: Meaning) -> str:
        """Append a node and return the name of what it writes."""
        written = self.value(shape, meaning)
        self.nodes.append(Node(f"n{len(self.nodes)}", operator, tuple(reads), (written,)))
        return written

    def fields(self, weights: Weights, limits: Limits) -> dict[str, Any]:
        """Return the arguments of the linear operator that is written next."""
        scales = np.asarray(weights.scales, np.float32).reshape(-1)
        bias = np.zeros(weights.outputs) if weights.bias is None else weights.bias
        if not np.abs(bias).max(initial=0) <= INT32_MAX:
            raise RangeError(f"'{self.origin}': a bias beyond 32 bits; use a larger scale of weights")
        return {
            "weights": choose(f"n{len(self.nodes)}.weights", weights.q, 1.0, FORMATS_OF_MAPS),
            "weight_scales": np.ascontiguousarray(np.broadcast_to(scales, (weights.outputs,))),
            "bias": bias.astype(np.int32),
            "limits": limits,
            "rounding": self.rounding,
        }

    def fully_connect(self, read: str, weights: Weights, limits: Limits, meaning: Meaning) -> str:
        """Append a matrix."""
        operator = FullyConnected(**self.fields(weights, limits))
        return self.write(operator, [read], (weights.outputs,), meaning)

    def reshaped(self, read: str, shape: Shape) -> str:
        """Return a value of the same elements in another shape."""
        if self.values[read].shape == shape:
            return read
        return self.write(Reshape(), [read], shape, self.meaning(read))

    def model(self, name: str, inputs: Sequence[str], outputs: Sequence[str]) -> PackedModel:
        provenance = {
            "data": f"file {self.origin}",
            "synthetic": "no",
            "seed": "",
            "recipe": "",
            "commit": "",
        }
        return PackedModel(
            name, self.values, tuple(inputs), tuple(self.nodes), tuple(outputs), provenance=provenance
        )

    def unsupported(self, place: str, why: str) -> UnsupportedError:
        return UnsupportedError(
            f"'{self.origin}', {place}: {why} is not supported; supported: {self.supported}"
        )


def name_of(path: Path) -> str:
    """Return a C identifier made of the file's name."""
    plain = re.sub(r"[^a-z0-9_]+", "_", path.stem.lower()).strip("_")
    return (plain if plain[:1].isalpha() else f"m_{plain}")[:48]
