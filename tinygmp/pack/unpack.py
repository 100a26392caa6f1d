"""A PackedModel back as float weights: to fine-tune what was packed, or to pack it in another way."""

import numpy as np

from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.packed.layers import factors
from tinygmp.packed.model import PackedModel
from tinygmp.quant.gate_table import PRE_FRACTION_BITS
from tinygmp.sparse.tensor import PackedTensor


def unpack_fastgrnn(model: PackedModel) -> FastGrnnWeights:
    """Return the real weights that the integers stand for, float32, pruned ones exactly 0."""
    cell, classifier = model.cell, model.classifier
    state_units = 1 / cell.state_scale
    return FastGrnnWeights(
        w=tuple(real(tensor) for tensor in factors(cell.w)),
        u=tuple(real(tensor) for tensor in factors(cell.u)),
        bias_gate=real_bias(cell.bias_gate, cell.bias_gate_shift),
        bias_update=real_bias(cell.bias_update, cell.bias_update_shift),
        zeta=cell.zeta * 2.0**-cell.zeta_shift * 1024 / state_units,
        nu=2 * cell.nu / state_units,
        classifier=real(classifier.weights),
        classifier_bias=(classifier.bias * classifier.scale).astype(np.float32),
    )


def real(tensor: PackedTensor) -> np.ndarray:
    return (tensor.decode() * np.float64(tensor.scale)).astype(np.float32)


def real_bias(bias: np.ndarray, shift: int) -> np.ndarray:
    return (bias * 2.0 ** (shift - PRE_FRACTION_BITS)).astype(np.float32)
