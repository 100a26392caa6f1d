"""Proof at pack time that no 32-bit accumulator can overflow, whatever the input."""

import numpy as np

from tinygmp.errors import RangeError
from tinygmp.packed.layers import INT8_LIMIT, FastGrnn, LinearMap, factors
from tinygmp.packed.model import PackedModel
from tinygmp.sparse.tensor import PackedTensor

INT32_MAX = 2**31 - 1


def largest_sum(tensor: PackedTensor) -> int:
    """Return the largest magnitude of any row's sum over int8 inputs in -127..127."""
    magnitudes = np.abs(tensor.decode().astype(np.int64)).sum(axis=1)
    return int(magnitudes.max(initial=0)) * INT8_LIMIT


def largest_row_sum(linear: LinearMap) -> int:
    return largest_sum(factors(linear)[-1])


def largest_accumulator(layer: FastGrnn) -> int:
    """Return the largest magnitude of the pre-activation accumulator, row sums of W and U together."""
    w_rows = np.abs(factors(layer.w)[-1].decode().astype(np.int64)).sum(axis=1) * INT8_LIMIT
    u_rows = np.abs(factors(layer.u)[-1].decode().astype(np.int64)).sum(axis=1) * INT8_LIMIT
    return int(((w_rows << layer.w_shift) + (u_rows << layer.u_shift)).max(initial=0))


def prove_ranges(model: PackedModel) -> dict[str, int]:
    """Return the largest accumulator magnitude per name; raise RangeError when one exceeds 32 bits."""
    bounds = {f"{model.cell.name}.pre": largest_accumulator(model.cell)}
    for tensor in model.tensors():
        bounds[tensor.name] = largest_sum(tensor)
    bias = int(np.abs(model.classifier.bias.astype(np.int64)).max(initial=0))
    bounds[f"{model.classifier.name}.logit"] = largest_sum(model.classifier.weights) + bias
    for name, bound in bounds.items():
        if bound > INT32_MAX:
            raise RangeError(
                f"'{name}': the accumulator can reach {bound}, the 32-bit limit is {INT32_MAX}; "
                "lower the shift or split the layer"
            )
    return bounds
