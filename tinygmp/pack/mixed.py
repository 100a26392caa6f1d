"""Bit widths under a byte budget: each matrix is made coarse alone, and what that costs the logits decides."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.pack.calibrate import MINIMAL_ERROR, Calibration, run_float
from tinygmp.pack.compact import compact
from tinygmp.pack.fastgrnn import PackIdentity, drop_vanishing, pack_fastgrnn
from tinygmp.pack.sensor import SensorScaling, normalise_counts
from tinygmp.pack.storage import SMALLEST, Storage, Width
from tinygmp.packed.model import PackedModel
from tinygmp.packed.sizes import ledger
from tinygmp.sparse.mixed_widths import Option, mixed_widths

NARROW_FORMATS = ("codebook16", "int4", "codebook8", "codebook4", "power2", "ternary")


def pack_within(
    weights: FastGrnnWeights,
    scaling: SensorScaling,
    calibration_counts: np.ndarray,
    identity: PackIdentity,
    most_payload_bytes: int,
    storage: Storage = SMALLEST,
    calibration: Calibration = MINIMAL_ERROR,
) -> PackedModel:
    """Return the packed model of at most `most_payload_bytes` whose matrices lost least, int8 where the bytes allow.

    calibration_counts: int16 [windows, steps, channels], training windows only. Raises ConfigError when even the
    coarsest formats need more bytes.
    """
    model = pack_fastgrnn(weights, scaling, calibration_counts, identity, storage, calibration)
    if ledger(model).payload_bytes <= most_payload_bytes:
        return model
    rest = ledger(model).payload_bytes - sum(tensor.payload_bytes for tensor in model.tensors())
    if rest >= most_payload_bytes:
        raise ConfigError(
            f"model '{identity.name}': biases, tables and scalars alone need {rest} B, the budget is "
            f"{most_payload_bytes} B; use fewer hidden units"
        )
    x = normalise_counts(scaling, calibration_counts)
    widths = choose_widths(compact(drop_vanishing(weights)), x, most_payload_bytes - rest, storage)
    return pack_fastgrnn(
        weights, scaling, calibration_counts, identity, replace(storage, widths=widths), calibration
    )


def choose_widths(
    weights: FastGrnnWeights,
    x: np.ndarray,
    most_weight_bytes: int,
    storage: Storage = SMALLEST,
    formats: Sequence[str] = NARROW_FORMATS,
) -> dict[str, Width]:
    """Return the matrices to round, so that all weight streams fit and the logits' squared error is least.

    x: float32 [windows, steps, inputs], normalised training windows. A matrix that is not named stays int8. The errors
    of single matrices are taken to add up. Raises ConfigError when the smallest formats exceed the bytes.
    """
    options = measured_options(weights, x, storage, formats)
    chosen = mixed_widths(options, most_weight_bytes)
    return {
        name: Width(tensor.value_format, tensor.scale)
        for name, tensor in chosen.items()
        if tensor.value_format in formats
    }


def measured_options(
    weights: FastGrnnWeights, x: np.ndarray, storage: Storage, formats: Sequence[str]
) -> Mapping[str, list[Option]]:
    """Return for each matrix every format with the mean squared error of the logits when it alone is packed so."""
    expected = run_float(weights, x).logits
    options: dict[str, list[Option]] = {}
    for name, matrix in weights.matrices().items():
        packed = [replace(storage, widths={}).pack(name, matrix)]
        packed += [replace(storage, widths={name: Width(width)}).pack(name, matrix) for width in formats]
        options[name] = []
        for tensor in packed:
            real = (tensor.decode() * np.float64(tensor.scale)).astype(np.float32)
            logits = run_float(weights.with_matrix(name, real), x).logits
            options[name].append(Option(tensor, float(np.mean((logits - expected) ** 2))))
    return options
