"""What a trained FastGRNN classifier is, in float numpy: the hand-over from training to packing."""

from dataclasses import dataclass, replace

import numpy as np

from tinygmp.errors import ConfigError


@dataclass(frozen=True)
class FastGrnnWeights:
    """Weights of one FastGRNN cell and its linear classifier, float32, pruned weights exactly 0.

    w, u: factors in the order in which they are applied: (W [hidden, inputs],) when full rank, or
    (W2 [w_rank, inputs], W1 [hidden, w_rank]); likewise for u with hidden columns.
    zeta, nu: after the sigmoid, in 0..1.
    """

    w: tuple[np.ndarray, ...]
    u: tuple[np.ndarray, ...]
    bias_gate: np.ndarray  # [hidden]
    bias_update: np.ndarray  # [hidden]
    zeta: float
    nu: float
    classifier: np.ndarray  # [classes, hidden]
    classifier_bias: np.ndarray  # [classes]

    def __post_init__(self) -> None:
        expected = {
            "u": (self.u[0].shape[1], self.hidden_size),
            "bias_gate": (self.bias_gate.shape, (self.hidden_size,)),
            "bias_update": (self.bias_update.shape, (self.hidden_size,)),
            "classifier": (self.classifier.shape[1], self.hidden_size),
            "classifier_bias": (self.classifier_bias.shape, (self.classifier.shape[0],)),
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

    def matrices(self) -> dict[str, np.ndarray]:
        """Return every prunable matrix by name: W or W2, W1; U or U2, U1; classifier."""
        named = dict(zip(("W",) if len(self.w) == 1 else ("W2", "W1"), self.w, strict=True))
        named |= zip(("U",) if len(self.u) == 1 else ("U2", "U1"), self.u, strict=True)
        return named | {"classifier": self.classifier}

    def with_matrix(self, name: str, matrix: np.ndarray) -> "FastGrnnWeights":
        """Return the same network with another matrix of that name, see `matrices`."""
        if name == "classifier":
            return replace(self, classifier=matrix)
        factors = list(self.w if name.startswith("W") else self.u)
        factors[-1 if name.endswith("1") else 0] = matrix
        return replace(self, w=tuple(factors)) if name.startswith("W") else replace(self, u=tuple(factors))

    @property
    def nnz(self) -> int:
        return sum(int(np.count_nonzero(matrix)) for matrix in self.matrices().values())
