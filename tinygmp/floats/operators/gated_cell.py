"""GRU and LSTM cells."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.operators.base import Arrays, Operator, Shapes, expect_reads
from tinygmp.floats.operators.fastgrnn import sigmoid


@dataclass(frozen=True)
class GatedCell(Operator):
    """w [gates * hidden, inputs], u [gates * hidden, hidden]: gate after gate, each of all units."""

    w: np.ndarray
    u: np.ndarray
    bias: np.ndarray

    gates: ClassVar[int]
    biases: ClassVar[int] = 4
    states: ClassVar[int]

    def __post_init__(self) -> None:
        rows = self.gates * self.hidden_size
        expected = {
            "w": (rows, self.w.shape[-1]),
            "u": (rows, self.hidden_size),
            "bias": (4 * self.hidden_size,),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ConfigError(
                    f"{type(self).__name__} weights: '{name}' is {getattr(self, name).shape}, expected {shape}"
                )

    @property
    def hidden_size(self) -> int:
        return self.u.shape[-1]

    @property
    def input_size(self) -> int:
        return self.w.shape[-1]

    def written(self, node: str, reads: Shapes) -> Shapes:
        expect_reads(node, reads, 1 + self.states)
        if reads != ((self.input_size,), *((self.hidden_size,),) * self.states):
            raise ConfigError(
                f"layer '{node}' takes {self.input_size} inputs and {self.hidden_size} units, it reads {reads}"
            )
        return reads[1:]

    def weights_by_name(self) -> dict[str, np.ndarray]:
        return {"W": self.w, "U": self.u}

    def with_weights(self, matrices: Mapping[str, np.ndarray]) -> Self:
        return replace(self, w=matrices.get("W", self.w), u=matrices.get("U", self.u))

    def parts(
        self, x: np.ndarray, h: np.ndarray
    ) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        """Return by gate what the input and the state give, without biases, and the four biases."""
        return (
            np.split(x @ self.w.T, self.gates, axis=1),
            np.split(h @ self.u.T, self.gates, axis=1),
            np.split(self.bias, self.biases),
        )


@dataclass(frozen=True)
class Gru(GatedCell):
    """Reads x and h, writes the next h; gates r, z, n; bias: b_r, b_z of input and state together, b_n, b_un.

    n = tanh(W_n x + b_n + r (U_n h + b_un)); h = (1 - z) n + z h (Cho et al. 2014, the state's product inside r).
    """

    gates: ClassVar[int] = 3
    states: ClassVar[int] = 1

    def run(self, *reads: np.ndarray) -> Arrays:
        x, h = reads
        w, u, bias = self.parts(x, h)
        r, z = (sigmoid(w[gate] + u[gate] + bias[gate]) for gate in (0, 1))
        n = np.tanh(w[2] + bias[2] + r * (u[2] + bias[3]))
        return ((1 - z) * n + z * h,)


@dataclass(frozen=True)
class Lstm(GatedCell):
    """Reads x, h and c, writes the next h and c; gates and biases i, f, g, o (Hochreiter and Schmidhuber 1997)."""

    gates: ClassVar[int] = 4
    states: ClassVar[int] = 2

    def run(self, *reads: np.ndarray) -> Arrays:
        x, h, c = reads
        w, u, bias = self.parts(x, h)
        i, f, g, o = (a + b + each for a, b, each in zip(w, u, bias, strict=True))
        following = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(following), following
