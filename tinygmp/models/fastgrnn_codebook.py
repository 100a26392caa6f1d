"""FastGRNN whose surviving weights share few values: each matrix is a codebook, and the codebook is what trains."""

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from tinygmp.models.fastgrnn import FastGrnnClassifier
from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.pack.quantize import fit_scale, quantize_int8
from tinygmp.sparse.cluster import cluster


class CodebookClassifier(FastGrnnClassifier):
    """A trained network with `entries` values a matrix, zeros fixed; which weight has which value stays as it is.

    Starts from the best codebook of the int8 weights (exact k-means), then the values, the biases, zeta and nu can be
    trained like any network (trained quantisation of Han et al. 2016, section 3).
    """

    def __init__(self, weights: FastGrnnWeights, entries: int) -> None:
        super().__init__(
            weights.input_size,
            weights.hidden_size,
            len(weights.classifier_bias),
            weights.w[0].shape[0] if len(weights.w) == 2 else 0,
            weights.u[0].shape[0] if len(weights.u) == 2 else 0,
        )
        self.codebooks = nn.ParameterDict()
        for name, matrix in weights.matrices().items():
            delattr(self, name)
            values, codes = codebook_of(matrix, entries)
            self.codebooks[name] = nn.Parameter(torch.from_numpy(values))
            self.register_buffer(f"codes_{name}", torch.from_numpy(codes))
        with torch.no_grad():
            self.bias_gate.copy_(torch.from_numpy(weights.bias_gate))
            self.bias_update.copy_(torch.from_numpy(weights.bias_update))
            self.zeta.copy_(torch.logit(torch.tensor(weights.zeta)))
            self.nu.copy_(torch.logit(torch.tensor(weights.nu)))
            self.classifier_bias.copy_(torch.from_numpy(weights.classifier_bias))

    def __getattr__(self, name: str) -> Tensor | nn.Module:
        """A matrix by name is made of its codebook whenever it is asked for; code 0 is the value 0."""
        codebooks = self.__dict__.get("_modules", {}).get("codebooks")
        if codebooks is not None and name in codebooks:
            values = torch.cat([torch.zeros(1), codebooks[name]])
            return values[cast(Tensor, super().__getattr__(f"codes_{name}"))]
        return super().__getattr__(name)

    def matrix(self, letter: str) -> Tensor:
        if letter in self.codebooks:
            return getattr(self, letter)
        return getattr(self, f"{letter}1") @ getattr(self, f"{letter}2")

    def prunable(self) -> dict[str, Tensor]:
        """Return nothing: the mask is part of the codes."""
        return {}

    def weights(self) -> FastGrnnWeights:
        """Return the network as float32 numpy."""

        def array(name: str) -> np.ndarray:
            return getattr(self, name).detach().numpy().astype(np.float32)

        def factors(letter: str) -> tuple[np.ndarray, ...]:
            return (
                (array(letter),) if letter in self.codebooks else (array(f"{letter}2"), array(f"{letter}1"))
            )

        return FastGrnnWeights(
            w=factors("W"),
            u=factors("U"),
            bias_gate=array("bias_gate"),
            bias_update=array("bias_update"),
            zeta=float(torch.sigmoid(self.zeta.detach())),
            nu=float(torch.sigmoid(self.nu.detach())),
            classifier=array("classifier"),
            classifier_bias=array("classifier_bias"),
        )


def codebook_of(matrix: np.ndarray, entries: int) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 values and int64 codes of the matrix's shape: 0 where pruned, else 1 + the value's place."""
    scale = fit_scale(matrix)
    q = cluster(quantize_int8(matrix, scale), entries)
    kept = np.unique(q[q != 0])
    codes = np.where(q == 0, 0, np.searchsorted(kept, q) + 1)
    return (kept * scale).astype(np.float32), codes.astype(np.int64)
