"""What convolutions and fully connected layers share: int8 weights by output, biases in units of their sums."""

from typing import Any

import numpy as np

from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators.linear import Linear
from tinygmp.pack.assembly import Assembly
from tinygmp.pack.meanings import biased, least_scales
from tinygmp.quant.symmetric import INT8_LIMIT

LEAST_FACTOR = 2.0**-31  # from sums to outputs, that XNNPACK takes


def linear_fields(assembly: Assembly, node: FloatNode, one_scale: bool = False) -> dict[str, Any]:
    """Return the fields of a packed linear layer that writes int8."""
    layer = node.operator
    assert isinstance(layer, Linear)
    before, after = assembly.meanings[node.reads[0]], assembly.meanings[node.writes[0]]
    bias = biased(layer, before)
    # A channel without weights, or with tiny ones, still needs a scale at which its bias fits and its factor is taken.
    least = LEAST_FACTOR * after.scale / before.scale
    scales = np.maximum(least_scales(layer, bias, before), least).astype(np.float32)
    if one_scale:
        scales = np.full_like(scales, scales.max())
    q = np.clip(np.rint(layer.weights / scales[:, None]), -INT8_LIMIT, INT8_LIMIT).astype(np.int8)
    return {
        "weights": assembly.storage.pack_integers(f"{node.name}.weights", q),
        "weight_scales": scales,
        "bias": np.rint(bias / (before.scale * scales.astype(np.float64))).astype(np.int32),
        "limits": layer.limits,
        "rounding": assembly.rounding,
    }
