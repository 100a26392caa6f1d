"""Write a PackedImageModel as C99 for cores with 32-bit addresses."""

from collections.abc import Iterator

import numpy as np

from converters.to_c.arrays import ConstantArray
from converters.to_c.image_plan import ImagePlan, LayerPlan, folded_bias, plan_images
from converters.to_c.rendering import render
from converters.to_c.runtime_text import joined_kernels
from tinygmp.artifact import Artifact
from tinygmp.packed.image_model import ImageClassifier, ImageLinear, PackedImageModel
from tinygmp.packed.sizes import ledger

METHOD_KERNELS = {
    "first": "tg_conv_first.c",
    "depthwise": "tg_depthwise3.c",
    "dense": "tg_pointwise_dense.c",
    "list": "tg_pointwise_sparse.c",
}
ROUNDING_KERNELS = {
    "fp32": {
        "tg_channel_scale.c": "tg_channel_scale_fp32.c",
        "tg_logit_scale.c": "tg_logit_scale_fp32.c",
    },
    "gemmlowp": {},
}
LEAST_SHIFT = 2  # of the float32 rounding's short way: factors below 1/4
MOST_NAMED_CLASSES = 64


def convert_images(model: PackedImageModel) -> Artifact:
    """Return <name>.h, <name>.c and example_main.c; the same model always gives the same text.

    Raises UnsupportedError for a layer, format or size without a kernel.
    """
    plan = plan_images(model)
    book = ledger(model)
    context: dict[str, object] = {
        "model": model,
        "prefix": model.name,
        "upper": model.name.upper(),
        "plan": plan,
        "calls": [call_of(model, one) for one in plan.layers],
        "pool": pool_of(plan),
        "kernels": joined_kernels(kernels_of(plan), ROUNDING_KERNELS[model.rounding]),
        "large_factors": has_large_factors(model),
        "arrays": [array for layer in model.linear() for array in layer_arrays(model, layer)],
        "payload_bytes": book.payload_bytes,
        "scalar_bytes": book.scalar_bytes,
        "named_classes": len(model.labels) <= MOST_NAMED_CLASSES,
        "image_bytes": model.size**2 * model.channels,
    }
    files = {
        f"{model.name}.h": render("image_model.h.j2", context),
        f"{model.name}.c": render("image_model.c.j2", context),
        "example_main.c": render("image_example_main.c.j2", context),
    }
    notes = {
        "parity": "equal to the reference bit for bit",
        "scratch_bytes": f"{plan.scratch_bytes}, "
        + ("the image included" if plan.pixels_offset is not None else "besides the image"),
    }
    return Artifact("c", model.name, files, f"{model.name}.c", notes, interface="images")


def kernels_of(plan: ImagePlan) -> tuple[str, ...]:
    """Return the runtime sources that the plan calls."""
    names = ["tg_average_pool.c"]
    for one in plan.layers:
        if one.method == "classifier":
            names.append("tg_fully_connected_sparse.c" if one.sparse else "tg_fully_connected.c")
        else:
            names.append(METHOD_KERNELS[one.method])
        if one.expand:
            names.append("tg_survivors_expand.c")
        if one.sparse:
            names.append(f"tg_survivors_{one.layer.weights.index_format}.c")
    return tuple(dict.fromkeys(names))


def stored_shifts(layer: ImageLinear) -> np.ndarray:
    """Return shifts to the right, uint8 [outputs]; a factor of 0 has any."""
    multipliers, shifts = layer.requantizers()
    return np.where(multipliers > 0, -shifts, LEAST_SHIFT).astype(np.uint8)


def has_large_factors(model: PackedImageModel) -> bool:
    """True where a factor is too large for the short way of rounding as float32."""
    layers = model.linear()[:-1]
    return model.rounding == "fp32" and any(stored_shifts(layer).min() < LEAST_SHIFT for layer in layers)


def call_of(model: PackedImageModel, plan: LayerPlan) -> dict[str, object]:
    """Return what the template says of one layer."""
    symbol = symbol_of(model, plan.layer.name)
    weights = symbol_of(model, plan.layer.weights.name)
    low, high = plan.layer.clamp
    return {
        "plan": plan,
        "layer": plan.layer,
        "symbol": symbol,
        "value_array": f"{weights}_values",
        "index_array": f"{weights}_index" if plan.sparse else "0",
        "format": plan.layer.weights.index_format,
        "low": low,
        "high": high,
        "work": plan.work_offset // 4,
        "kernel_work": (plan.work_offset + plan.dense_bytes) // 4,
        "after_planes": (plan.work_offset + plan.plane_bytes) // 4,
    }


def pool_of(plan: ImagePlan) -> dict[str, int]:
    """Return the pool's positions and channels: those of the layer before the classifier."""
    last = plan.layers[-2]
    return {"positions": last.rows_out**2, "channels": last.layer.outputs}


def layer_arrays(model: PackedImageModel, layer: ImageLinear) -> Iterator[ConstantArray]:
    """Yield the arrays of a layer: as many bytes as its ledger counts, scalars left out."""
    weights = layer.weights
    stored = f"{weights.name}: {weights.shape[0]} x {weights.shape[1]}, {weights.nnz} nonzero, {weights.index_format}"
    prefix = symbol_of(model, weights.name)
    if "index" in weights.streams:
        yield ConstantArray(f"{prefix}_index", weights.streams["index"], stored)
    values = weights.streams["values"].view(np.int8)
    # C has no empty arrays; a tensor without survivors never reads this byte.
    yield ConstantArray(f"{prefix}_values", values if len(values) else np.zeros(1, np.int8), stored)
    symbol = symbol_of(model, layer.name)
    multipliers, shifts = layer.requantizers()[0], stored_shifts(layer)
    if isinstance(layer, ImageClassifier):
        multipliers, shifts = multipliers[:1], shifts[:1]
    each = f"{layer.name}: {type(layer).__name__}"
    yield ConstantArray(
        f"{symbol}_bias", folded_bias(layer).astype(np.int32), f"{each}, bias less zero point times weights"
    )
    yield ConstantArray(f"{symbol}_multiplier", multipliers.astype(np.int32), f"{each}, of 2^-31")
    yield ConstantArray(f"{symbol}_shift", shifts, f"{each}, to the right")


def symbol_of(model: PackedImageModel, name: str) -> str:
    """Return a C identifier: 'pw1.weights' of model vww -> vww_pw1_weights."""
    return f"{model.name}_{name.replace('.', '_').lower()}"
