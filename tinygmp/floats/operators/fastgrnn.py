"""One FastGRNN cell."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.operators.base import Arrays, Operator, Shapes, expect_reads

Factors = tuple[np.ndarray, ...]


class CellStep(NamedTuple):
    """What one step computes, [batch, ...]: sums before the biases, what enters the last factors, the next state."""

    pre: np.ndarray
    w_vector: np.ndarray
    u_vector: np.ndarray
    state: np.ndarray


@dataclass(frozen=True)
class FastGrnn(Operator):
    """Reads x [inputs] and the state h [hidden], writes the next h (Kusupati et al. 2018, equations 4-6).

    z = sigmoid(W x + U h + b_z); c = tanh(W x + U h + b_h); h = z h + (zeta (1 - z) + nu) c. w, u: float32 factors in
    the order in which they are applied: (W [hidden, inputs],) when full rank, or (W2 [w_rank, inputs], W1 [hidden,
    w_rank]); likewise for u with hidden columns. zeta, nu: after the sigmoid, in 0..1.
    """

    w: Factors
    u: Factors
    bias_gate: np.ndarray  # [hidden]
    bias_update: np.ndarray  # [hidden]
    zeta: float
    nu: float

    def __post_init__(self) -> None:
        expected = {
            "u": (self.u[0].shape[1], self.hidden_size),
            "bias_gate": (self.bias_gate.shape, (self.hidden_size,)),
            "bias_update": (self.bias_update.shape, (self.hidden_size,)),
        }
        for name, (obtained, wanted) in expected.items():
            if obtained != wanted:
                raise ConfigError(f"FastGRNN weights: '{name}' has size {obtained}, expected {wanted}")

    @property
    def hidden_size(self) -> int:
        return self.w[-1].shape[0]

    @property
    def input_size(self) -> int:
        return self.w[0].shape[1]

    def written(self, node: str, reads: Shapes) -> Shapes:
        expect_reads(node, reads, 2)
        if reads != ((self.input_size,), (self.hidden_size,)):
            raise ConfigError(
                f"layer '{node}' takes {self.input_size} inputs and {self.hidden_size} units, it reads {reads}"
            )
        return (reads[1],)

    def run(self, *reads: np.ndarray) -> Arrays:
        return (self.step(*reads).state,)

    def step(self, x: np.ndarray, state: np.ndarray) -> CellStep:
        w_part, w_vector = apply_factors(self.w, x)
        u_part, u_vector = apply_factors(self.u, state)
        pre = w_part + u_part
        z = sigmoid(pre + self.bias_gate)
        c = np.tanh(pre + self.bias_update)
        return CellStep(pre, w_vector, u_vector, z * state + (self.zeta * (1 - z) + self.nu) * c)

    def weights_by_name(self) -> dict[str, np.ndarray]:
        """Return W or W2, W1; U or U2, U1."""
        named = dict(zip(("W",) if len(self.w) == 1 else ("W2", "W1"), self.w, strict=True))
        return named | dict(zip(("U",) if len(self.u) == 1 else ("U2", "U1"), self.u, strict=True))

    def with_weights(self, matrices: Mapping[str, np.ndarray]) -> Self:
        named = {**self.weights_by_name(), **matrices}
        w, u = (
            (named[letter],) if letter in named else (named[f"{letter}2"], named[f"{letter}1"])
            for letter in "WU"
        )
        return replace(self, w=w, u=u)


def apply_factors(factors: Factors, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the product and the vector that enters the last factor."""
    if len(factors) == 2:
        x = x @ factors[0].T
    return x @ factors[-1].T, x


def sigmoid(v: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * v)
