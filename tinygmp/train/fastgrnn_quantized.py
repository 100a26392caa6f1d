"""Quantisation-aware fine-tuning of FastGRNN: matrices of few levels or shared values that train, zeros fixed."""

from collections.abc import Mapping
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tinygmp.errors import ConfigError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.window_classifier import CLASSIFIER, cell_of
from tinygmp.models.fastgrnn import FastGrnnClassifier, float_graph, matrix_name
from tinygmp.quant.symmetric import fit_scale, quantize_int8
from tinygmp.sparse.cluster import cluster
from tinygmp.sparse.narrow import LEVELS, narrow


class QuantizedClassifier(FastGrnnClassifier):
    """A trained network whose matrices are made of integers as packing stores them; biases, zeta and nu train too.

    widths: by matrix ('rnn.W', 'rnn.U', 'classifier.weights' ...), a value format: codebook4, 8, 16 trains the shared
    values and keeps which weight has which (Han et al. 2016, section 3); int8, int4, ternary, power2 train weights and
    step with straight-through gradients (Esser et al. 2020). A matrix without a width trains as it is, its zeros kept.
    Raises ConfigError for an unknown matrix or format.
    """

    def __init__(self, graph: FloatGraph, widths: Mapping[str, str]) -> None:
        cell, classifier = cell_of(graph).operator, graph.node(CLASSIFIER).operator
        assert isinstance(cell, FastGrnn)
        assert isinstance(classifier, FullyConnected)
        super().__init__(
            cell.input_size,
            cell.hidden_size,
            classifier.outputs,
            cell.w[0].shape[0] if len(cell.w) == 2 else 0,
            cell.u[0].shape[0] if len(cell.u) == 2 else 0,
        )
        self.widths = dict(widths)
        matrices = {name: graph.prunable()[matrix_name(name)] for name in self.matrix_names()}
        if unknown := set(widths) - set(graph.prunable()):
            raise ConfigError(
                f"the network has no matrix {sorted(unknown)}; it has {', '.join(graph.prunable())}"
            )
        with torch.no_grad():
            self.bias_gate.copy_(torch.from_numpy(cell.bias_gate))
            self.bias_update.copy_(torch.from_numpy(cell.bias_update))
            self.zeta.copy_(torch.logit(torch.tensor(cell.zeta)))
            self.nu.copy_(torch.logit(torch.tensor(cell.nu)))
            self.classifier_bias.copy_(torch.from_numpy(classifier.bias))
            for name, matrix in matrices.items():
                cast(Tensor, getattr(self, name)).copy_(torch.from_numpy(matrix))
        for name, matrix in matrices.items():
            made = parametrization(matrix, widths.get(matrix_name(name)))
            parametrize.register_parametrization(self, name, made)

    def graph(self) -> FloatGraph:
        """Return the network as float32 numpy, its matrices on the levels."""
        return float_graph(self)

    def scales(self) -> dict[str, float]:
        """Return the real value of one integer step of each matrix that trains on fixed levels."""
        found = {}
        for name in self.matrix_names():
            made_by = cast(parametrize.ParametrizationList, getattr(self.parametrizations, name))[0]
            if isinstance(made_by, FixedLevels):
                found[matrix_name(name)] = float(made_by.scale.detach())
        return found

    def prunable(self) -> dict[str, Tensor]:
        """Return nothing: the mask is part of how each matrix is made."""
        return {}


def parametrization(matrix: np.ndarray, value_format: str | None) -> nn.Module:
    if value_format is None:
        return Masked(matrix)
    if value_format.startswith("codebook"):
        return SharedValues(matrix, int(value_format.removeprefix("codebook")))
    if value_format not in LEVELS:
        raise ConfigError(
            f"value format '{value_format}' has no levels to train on; known: {', '.join(LEVELS)} and codebooks"
        )
    return FixedLevels(matrix, value_format)


class Masked(nn.Module):
    """A matrix whose zeros stay."""

    mask: Tensor

    def __init__(self, matrix: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("mask", torch.from_numpy(matrix != 0))

    def forward(self, matrix: Tensor) -> Tensor:
        return matrix * self.mask


class SharedValues(nn.Module):
    """A matrix as codes into trained values; it starts from the best codebook of the int8 weights (exact k-means)."""

    codes: Tensor

    def __init__(self, matrix: np.ndarray, entries: int) -> None:
        super().__init__()
        self.start, codes = codebook_of(matrix, entries)
        self.register_buffer("codes", torch.from_numpy(codes))

    def forward(self, values: Tensor) -> Tensor:
        return torch.cat([values.new_zeros(1), values])[self.codes]

    def right_inverse(self, matrix: Tensor) -> Tensor:
        return torch.from_numpy(self.start)


class FixedLevels(nn.Module):
    """A matrix of levels times a trained step; survivors stay different from zero."""

    mask: Tensor
    levels: Tensor

    def __init__(self, matrix: np.ndarray, value_format: str) -> None:
        super().__init__()
        self.register_buffer("mask", torch.from_numpy(matrix != 0))
        self.register_buffer("levels", torch.from_numpy(LEVELS[value_format].astype(np.float32)))
        self.log_scale = nn.Parameter(
            torch.tensor(np.log(narrow(matrix, value_format)[1]), dtype=torch.float32)
        )

    @property
    def scale(self) -> Tensor:
        return self.log_scale.exp()

    def forward(self, matrix: Tensor) -> Tensor:
        steps = matrix / self.scale
        magnitude = steps.abs().detach()
        middles = (self.levels[1:] + self.levels[:-1]) / 2
        level = self.levels[torch.bucketize(magnitude, middles)] * torch.where(steps < 0, -1.0, 1.0).detach()
        inside = (magnitude <= self.levels[-1]) & self.mask
        # The value is the level; the gradient is that of the unrounded step inside the range and none outside.
        through = level + torch.where(inside, steps - steps.detach(), 0.0)
        return torch.where(self.mask, through * self.scale, 0.0)


def codebook_of(matrix: np.ndarray, entries: int) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 values and int64 codes of the matrix's shape: 0 where pruned, else 1 + the value's place."""
    scale = fit_scale(matrix)
    q = cluster(quantize_int8(matrix, scale), entries)
    kept = np.unique(q[q != 0])
    codes = np.where(q == 0, 0, np.searchsorted(kept, q) + 1)
    return (kept * scale).astype(np.float32), codes.astype(np.int64)
