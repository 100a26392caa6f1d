"""One packer: a float graph and calibration inputs to a PackedModel."""

from collections.abc import Sequence

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.model import PackedModel
from tinygmp.pack.assemble import assemble
from tinygmp.pack.bias_correction import correct_biases
from tinygmp.pack.cell_search import pack_recurrent
from tinygmp.pack.compaction import compact
from tinygmp.pack.gated_cells import has_gated_cells, pack_gated_cells
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.meanings import Meaning, meanings_of, widened
from tinygmp.pack.ranges import value_ranges
from tinygmp.pack.settings import USUAL, PackSettings

CORRECTION_SAMPLES = 64  # of more, the mean errors change little
Inputs = np.ndarray | Sequence[np.ndarray]


def pack(
    graph: FloatGraph, inputs: Inputs, identity: PackIdentity, settings: PackSettings = USUAL
) -> PackedModel:
    """Return the packed model of a float graph: dead parts removed, ranges and biases from unlabelled inputs.

    inputs: an array an input as the device will see it, training data only: uint8 pixels, int16 counts or float32
    reals, [samples, *shape], of a recurrent graph [windows, steps, *shape]; some hundred are good. Raises ConfigError,
    DataError or RangeError, naming layer and value.
    """
    arrays = (inputs,) if isinstance(inputs, np.ndarray) else tuple(inputs)
    if graph.recurrent and has_gated_cells(graph):
        return pack_gated_cells(graph, arrays, identity, settings)
    if graph.recurrent:
        return pack_recurrent(graph, arrays, identity, settings)
    expect_no_widths(graph, settings)
    calibration = settings.calibration
    meanings = calibrate(graph, arrays, calibration.share, settings.finer)
    smaller = compact(graph)
    model = assemble(smaller, widened(smaller, meanings, settings.finer), identity, settings)
    if calibration.bias_correction is False:
        return model
    samples = len(arrays[0])
    chosen = np.linspace(0, samples - 1, min(samples, CORRECTION_SAMPLES)).astype(int)
    return correct_biases(smaller, model, tuple(array[chosen] for array in arrays))


def calibrate(
    graph: FloatGraph, inputs: Inputs, share: float = 100.0, finer: bool = False
) -> dict[str, Meaning]:
    """Return what the int8 integers of every value mean, from unlabelled inputs.

    share: percentile of a sample's values inside the range, 100 for smallest and largest; finer: see PackSettings.
    """
    arrays = (inputs,) if isinstance(inputs, np.ndarray) else tuple(inputs)
    return meanings_of(graph, value_ranges(graph, arrays, share), finer=finer)


def pack_with(
    graph: FloatGraph, meanings: dict[str, Meaning], identity: PackIdentity, settings: PackSettings = USUAL
) -> PackedModel:
    """Return the packed model for given meanings of its values, without dead parts, biases as they are."""
    smaller = compact(graph)
    return assemble(smaller, widened(smaller, meanings), identity, settings)


def expect_no_widths(graph: FloatGraph, settings: PackSettings) -> None:
    if settings.storage.widths:
        raise ConfigError(
            f"'{graph.source}': narrower widths {sorted(settings.storage.widths)} are for cells and their "
            "classifiers; its layers hold int8"
        )
