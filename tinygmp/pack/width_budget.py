"""Bit widths under a byte budget: each matrix is made coarse alone, and what that costs the logits decides."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.pack.cell_search import drop_vanishing
from tinygmp.pack.compaction import compact
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.pack.settings import USUAL, PackSettings
from tinygmp.pack.storage import SMALLEST, Storage, Width
from tinygmp.sparse.mixed_widths import Option, mixed_widths

NARROW_FORMATS = ("codebook16", "int4", "codebook8", "codebook4", "power2", "ternary")


def pack_within(
    graph: FloatGraph,
    windows: np.ndarray,
    identity: PackIdentity,
    most_payload_bytes: int,
    settings: PackSettings = USUAL,
) -> PackedModel:
    """Return the packed model of at most `most_payload_bytes` whose matrices lost least, int8 where the bytes allow.

    graph: of one cell. windows: as for `pack`, training windows only. Raises ConfigError when even the coarsest formats
    need more bytes.
    """
    model = pack(graph, windows, identity, settings)
    if ledger(model).payload_bytes <= most_payload_bytes:
        return model
    rest = ledger(model).payload_bytes - sum(tensor.payload_bytes for tensor in model.tensors())
    if rest >= most_payload_bytes:
        raise ConfigError(
            f"model '{identity.name}': biases, tables and scalars alone need {rest} B, the budget is "
            f"{most_payload_bytes} B; use fewer hidden units"
        )
    smaller = compact(drop_vanishing(graph))
    widths = choose_widths(smaller, windows, most_payload_bytes - rest, settings.storage)
    narrower = replace(settings, storage=replace(settings.storage, widths=widths))
    return pack(graph, windows, identity, narrower)


def choose_widths(
    graph: FloatGraph,
    windows: np.ndarray,
    most_weight_bytes: int,
    storage: Storage = SMALLEST,
    formats: Sequence[str] = NARROW_FORMATS,
) -> dict[str, Width]:
    """Return the matrices to round, so that all weight streams fit and the logits' squared error is least.

    A matrix that is not named stays int8. The errors of single matrices are taken to add up. Raises ConfigError when
    the smallest formats exceed the bytes.
    """
    options = measured_options(graph, windows, storage, formats)
    chosen = mixed_widths(options, most_weight_bytes)
    return {
        name: Width(tensor.value_format, tensor.scale)
        for name, tensor in chosen.items()
        if tensor.value_format in formats
    }


def measured_options(
    graph: FloatGraph, windows: np.ndarray, storage: Storage, formats: Sequence[str]
) -> Mapping[str, list[Option]]:
    """Return for each matrix every format with the mean squared error of the logits when it alone is packed so."""
    expected = graph.logits(windows)
    options: dict[str, list[Option]] = {}
    for name, matrix in graph.prunable().items():
        packed = [replace(storage, widths={}).pack(name, matrix)]
        packed += [replace(storage, widths={name: Width(width)}).pack(name, matrix) for width in formats]
        options[name] = []
        for tensor in packed:
            real = (tensor.decode() * np.float64(tensor.scale)).astype(np.float32)
            logits = graph.with_weights({name: real}).logits(windows)
            options[name].append(Option(tensor, float(np.mean((logits - expected) ** 2))))
    return options
