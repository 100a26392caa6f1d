"""FastGRNN classifier for windows of sensor data, full rank or low rank."""

import numpy as np
import torch
from torch import Tensor, nn

from tinygmp.errors import ConfigError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.window_classifier import CELL, CLASSIFIER, window_classifier
from tinygmp.models.fastgrnn_gradient import FastGrnnWindow

PRUNABLE = ("W", "W2", "W1", "U", "U2", "U1", "classifier")


class FastGrnnClassifier(nn.Module):
    """One FastGRNN cell (sigmoid gate, tanh update) and a linear classifier of its last state.

    z = sigmoid(W x + U h + b_z); c = tanh(W x + U h + b_h); h = (zeta (1 - z) + nu) c + z h, with zeta and nu
    behind a sigmoid (Kusupati et al. 2018). Low rank: W = W1 W2, U = U1 U2; rank 0 means full rank.
    Initialised as published: weights N(0, 0.1), biases 1, zeta 1 and nu -4 before the sigmoid.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        classes: int,
        w_rank: int = 0,
        u_rank: int = 0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        for name, value, least in (
            ("inputs", inputs, 1),
            ("hidden", hidden, 1),
            ("classes", classes, 2),
            ("w_rank", w_rank, 0),
            ("u_rank", u_rank, 0),
        ):
            if value < least:
                raise ConfigError(f"FastGRNN: {name} {value} must be at least {least}")

        def normal(rows: int, columns: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(rows, columns).normal_(0, 0.1, generator=generator))

        for letter, columns, rank in (("W", inputs, w_rank), ("U", hidden, u_rank)):
            if rank:
                self.register_parameter(f"{letter}1", normal(hidden, rank))
                self.register_parameter(f"{letter}2", normal(rank, columns))
            else:
                self.register_parameter(letter, normal(hidden, columns))
        self.bias_gate = nn.Parameter(torch.ones(hidden))
        self.bias_update = nn.Parameter(torch.ones(hidden))
        self.zeta = nn.Parameter(torch.tensor(1.0))
        self.nu = nn.Parameter(torch.tensor(-4.0))
        self.classifier = normal(classes, hidden)
        self.classifier_bias = nn.Parameter(torch.zeros(classes))

    def matrix(self, letter: str) -> Tensor:
        """Return W or U, multiplied out when it is low rank."""
        return (
            getattr(self, letter)
            if hasattr(self, letter)
            else getattr(self, f"{letter}1") @ getattr(self, f"{letter}2")
        )

    def matrix_names(self) -> tuple[str, ...]:
        """Return the names of the matrices that it has, of PRUNABLE."""
        return tuple(name for name in PRUNABLE if hasattr(self, name))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [batch, classes] of normalised windows [batch, steps, inputs]."""
        state = FastGrnnWindow.apply(
            x.transpose(0, 1).unsqueeze(1).contiguous(),
            self.matrix("W")[None],
            self.matrix("U")[None],
            self.bias_gate[None],
            self.bias_update[None],
            torch.sigmoid(self.zeta)[None],
            torch.sigmoid(self.nu)[None],
        )[0]
        return torch.addmm(self.classifier_bias, state, self.classifier.T)

    def prunable(self) -> dict[str, Tensor]:
        """Return the matrices that global pruning ranks together, by name; biases, zeta and nu are not."""
        return {name: value.detach() for name, value in self.named_parameters() if name in PRUNABLE}


def float_graph(network: FastGrnnClassifier) -> FloatGraph:
    """Return the network as a graph of normalised windows, float32 numpy, zeta and nu after the sigmoid."""

    def array(name: str) -> np.ndarray:
        return getattr(network, name).detach().cpu().float().numpy().copy()

    def factors(letter: str) -> tuple[np.ndarray, ...]:
        return (array(letter),) if hasattr(network, letter) else (array(f"{letter}2"), array(f"{letter}1"))

    cell = FastGrnn(
        w=factors("W"),
        u=factors("U"),
        bias_gate=array("bias_gate"),
        bias_update=array("bias_update"),
        zeta=float(torch.sigmoid(network.zeta.detach().cpu())),
        nu=float(torch.sigmoid(network.nu.detach().cpu())),
    )
    return window_classifier(cell, FullyConnected(array("classifier"), array("classifier_bias")))


def matrix_name(parameter: str) -> str:
    """Return what a graph calls the matrix of a parameter: 'rnn.W' of 'W', 'classifier.weights' of 'classifier'."""
    return f"{CLASSIFIER}.weights" if parameter == CLASSIFIER else f"{CELL}.{parameter}"
