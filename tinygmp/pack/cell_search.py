"""Pack a graph of one FastGRNN cell: of several ranges of its input and state, the pair that loses least."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinygmp.errors import UnsupportedError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.floats.window_classifier import cell_of
from tinygmp.graph.model import PackedModel
from tinygmp.pack.assemble import assemble
from tinygmp.pack.cell_bias_correction import correct_cell_biases, real_logits
from tinygmp.pack.cell_ranges import CellOutput, CellRanges, run_cell
from tinygmp.pack.cell_scales import TOP_BYTE, cell_scales
from tinygmp.pack.compaction import compact
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.meanings import Meaning, meanings_of, widened
from tinygmp.pack.settings import PackSettings
from tinygmp.pack.unit_order import cheapest_order
from tinygmp.quant.symmetric import INT8_LIMIT, fit_scale, quantize_int8
from tinygmp.sparse.tensor import PackedTensor

INPUT_SCALES = (1 / 22, 1 / 16, 1 / 11)  # sigma per int8 step that are tried: +-5.8, 7.9, 11.5 sigma
STATE_HEADROOM = (1.0, 0.9, 0.8)  # the state's int16 limit as a part of the largest state seen
BIAS_SHARES = (1.0, 0.5, 0.0)  # of the mean error of the pre-activations that the biases take


@dataclass(frozen=True)
class Prepared:
    """What does not depend on the ranges: the graph in its final order, its packed matrices, windows and settings."""

    graph: FloatGraph
    tensors: Mapping[str, PackedTensor]
    inputs: tuple[np.ndarray, ...]
    expected: CellOutput
    identity: PackIdentity
    settings: PackSettings

    def error(self, model: PackedModel) -> float:
        return logit_error(model, self.inputs, self.expected)


def pack_recurrent(
    graph: FloatGraph, inputs: Sequence[np.ndarray], identity: PackIdentity, settings: PackSettings
) -> PackedModel:
    """Return the packed model; of several ranges tried, the one whose logits differ least from the float network's.

    inputs: [windows, steps, channels] each, training windows only. Raises RangeError when an accumulator could
    overflow, UnsupportedError where the cell does not read counts or plain reals.
    """
    expect_free_input(graph)
    storage, calibration = settings.storage, settings.calibration
    graph = cheapest_order(compact(drop_vanishing(graph)), storage)
    expected = run_cell(graph, inputs, calibration.share)
    tensors = storage.pack_all(graph.prunable())
    prepared = Prepared(graph, tensors, tuple(inputs), expected, identity, settings)
    candidates = list(packed_candidates(prepared))
    if calibration.bias_correction:
        model = min(candidates, key=prepared.error)
        for share in BIAS_SHARES:
            shifted = correct_cell_biases(graph, model, model_inputs(model, inputs), expected, share)
            candidates += packed_candidates(replace(prepared, graph=shifted))
    return min(candidates, key=prepared.error)


def expect_free_input(graph: FloatGraph) -> None:
    """Raise UnsupportedError unless the cell reads an input or scaled counts, whose int8 scale is free."""
    node = cell_of(graph)
    writer = graph.writer(node.reads[0])
    if writer is not None and not isinstance(writer.operator, SensorScaling):
        raise UnsupportedError(
            f"'{graph.source}': cell '{node.name}' reads layer '{writer.name}'; it must read sensor counts or an input"
        )


def packed_candidates(prepared: Prepared) -> Iterator[PackedModel]:
    """Yield the model for each pair of ranges that the calibration method tries."""
    ranges = prepared.expected.ranges
    pairs = [(ranges.input / INT8_LIMIT, 1.0)]
    if prepared.settings.calibration.method == "mse":
        pairs = [(scale, headroom) for scale in INPUT_SCALES for headroom in STATE_HEADROOM]
    for input_scale, headroom in pairs:
        yield pack_ranges(prepared, ranges.with_headroom(headroom), input_scale)


def pack_ranges(prepared: Prepared, ranges: CellRanges, input_scale: float) -> PackedModel:
    """Return the model for given ranges of the cell."""
    graph, node = prepared.graph, cell_of(prepared.graph)
    assert isinstance(node.operator, FastGrnn)
    if prepared.settings.state_bits == 16:
        input_scale /= TOP_BYTE
    scales = cell_scales(
        node.name, node.operator, prepared.tensors, ranges, input_scale, prepared.settings.state_bits
    )
    state = Meaning(scales.entering, 0)
    given = {node.reads[0]: Meaning(scales.input, 0), node.reads[1]: state, node.writes[0]: state}
    seen = {name: (float(x.min()), float(x.max())) for name, x in prepared.expected.values.items()}
    meanings = widened(graph, meanings_of(graph, seen, given))
    return assemble(
        graph,
        meanings | given,
        prepared.identity,
        prepared.settings,
        {node.name: scales},
        prepared.tensors,
        prepared.inputs[0].shape[1],
    )


def model_inputs(model: PackedModel, inputs: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Return inputs as the packed model takes them: plain reals as int8."""
    return tuple(
        model.values[name].quantize(array) if array.dtype.kind == "f" else array
        for name, array in zip(model.inputs, inputs, strict=True)
    )


def logit_error(model: PackedModel, inputs: Sequence[np.ndarray], expected: CellOutput) -> float:
    """Return the mean squared difference of the real logits."""
    obtained = real_logits(model, model_inputs(model, inputs))
    return float(np.mean((obtained - expected.logits) ** 2))


def drop_vanishing(graph: FloatGraph) -> FloatGraph:
    """Set weights to zero that int8 rounds to zero, so that compaction sees them."""
    dropped = {
        name: np.where(quantize_int8(matrix, fit_scale(matrix)) == 0, np.float32(0), matrix)
        for name, matrix in graph.prunable().items()
    }
    return graph.with_weights(dropped)
