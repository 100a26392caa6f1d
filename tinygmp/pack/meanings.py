"""What the integers of each value of a float graph will mean: scale and zero point, shared where values share them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tinygmp.errors import UnsupportedError
from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.add import Add
from tinygmp.floats.operators.average_pool import AveragePool
from tinygmp.floats.operators.concatenate import Concatenate
from tinygmp.floats.operators.global_average_pool import GlobalAveragePool
from tinygmp.floats.operators.linear import Linear
from tinygmp.floats.operators.max_pool import MaxPool
from tinygmp.floats.operators.pad import Pad
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.floats.operators.reshape import Reshape
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.floats.operators.softmax import Softmax
from tinygmp.graph.operators.softmax import SCALE, ZERO_POINT
from tinygmp.quant.symmetric import INT8_LIMIT

KEEP_MEANING = (MaxPool, AveragePool, GlobalAveragePool, Pad, Reshape, Concatenate)
MOST_FACTOR = 255.0  # from sums to outputs
SMALLEST_RANGE = 1e-3
Range = tuple[float, float]


@dataclass(frozen=True)
class Meaning:
    """real = scale * (q - zero_point) + offset; offset: what whole integers cannot hold of a zero of 127.5."""

    scale: float
    zero_point: int
    offset: float = 0.0


def affine(low: float, high: float) -> Meaning:
    """Return the scale and zero point that cover [low, high] and hold zero exactly."""
    low, high = min(low, 0.0), max(high, SMALLEST_RANGE)
    scale = float(np.float32((high - low) / 255))
    return Meaning(scale, int(np.clip(round(-128 - low / scale), -128, 127)))


def symmetric(low: float, high: float) -> Meaning:
    """Return the scale that covers [low, high] with zero in the middle."""
    return Meaning(max(abs(low), abs(high), SMALLEST_RANGE) / INT8_LIMIT, 0)


def of_pixels(pixels: PixelInput) -> Meaning:
    level = round(pixels.zero)
    offset = float(np.float32((level - pixels.zero) * pixels.scale))
    return Meaning(float(np.float32(pixels.scale)), level - 128, offset)


def meanings_of(
    graph: FloatGraph,
    ranges: Mapping[str, Range],
    given: Mapping[str, Meaning] | None = None,
    finer: bool = False,
) -> dict[str, Meaning]:
    """Return the meaning of every value but pixels and counts, from the smallest and largest that calibration saw.

    given: meanings that are decided already. Pools, joins and changes of shape keep a meaning, so all values tied by
    them get one that covers what is computed among them; finer: means over maps get one of their own. Raises
    UnsupportedError where pixels or shares are joined to values of another meaning.
    """
    given = given or {}
    raw = {node.reads[0] for node in graph.nodes_of(PixelInput, SensorScaling)}
    found: dict[str, Meaning] = {}
    for group in dict.fromkeys(tied(graph, finer).values()):
        if raw & set(group):
            continue
        found |= dict.fromkeys(group, meaning_of_group(graph, group, ranges, given, finer))
    return found


def kept_by(finer: bool) -> tuple[type, ...]:
    """Return the operators that keep a meaning."""
    return tuple(each for each in KEEP_MEANING if not (finer and each is GlobalAveragePool))


def tied(graph: FloatGraph, finer: bool = False) -> dict[str, tuple[str, ...]]:
    """Return for each value those that must share its meaning, itself among them."""
    groups: dict[str, tuple[str, ...]] = {name: (name,) for name in graph.shapes}
    for node in graph.nodes_of(*kept_by(finer)):
        together = tuple(dict.fromkeys(each for name in (*node.reads, *node.writes) for each in groups[name]))
        groups |= dict.fromkeys(together, together)
    return groups


def is_fixed(graph: FloatGraph, value: str, given: Mapping[str, Meaning]) -> bool:
    writer = graph.writer(value)
    return value in given or (writer is not None and isinstance(writer.operator, PixelInput | Softmax))


def meaning_of_group(
    graph: FloatGraph,
    group: tuple[str, ...],
    ranges: Mapping[str, Range],
    given: Mapping[str, Meaning],
    finer: bool,
) -> Meaning:
    made = [name for name in group if not keeps(graph.writer(name), finer)]
    fixed = [name for name in made if is_fixed(graph, name, given)]
    if fixed and len(made) > 1:
        raise UnsupportedError(
            f"'{graph.source}': '{fixed[0]}' has a meaning of its own and cannot share that of "
            f"{[name for name in made if name != fixed[0]][:5]}; put a convolution between them"
        )
    if fixed:
        writer = graph.writer(fixed[0])
        if fixed[0] in given:
            return given[fixed[0]]
        assert writer is not None
        pixels = writer.operator
        return of_pixels(pixels) if isinstance(pixels, PixelInput) else Meaning(SCALE, ZERO_POINT)
    low, high = min(ranges[name][0] for name in made), max(ranges[name][1] for name in made)
    writers = [graph.writer(name) for name in made]
    if any(writer is not None and isinstance(writer.operator, SensorScaling) for writer in writers):
        return symmetric(low, high)
    return affine(low, high)


def keeps(writer: FloatNode | None, finer: bool) -> bool:
    return writer is not None and isinstance(writer.operator, kept_by(finer))


def widened(graph: FloatGraph, meanings: Mapping[str, Meaning], finer: bool = False) -> dict[str, Meaning]:
    """Return the meanings with scales that every sum can be brought to by a factor below 256.

    A range that one unit exceeds holds nothing between its ends, so a wider one loses nothing.
    """
    found, groups = dict(meanings), tied(graph, finer)
    while True:
        before = dict(found)
        for node in graph.nodes_of(Linear, Add):
            after = found.get(node.writes[0])
            if after is None:  # sums that stay as they are
                continue
            least = float(np.float32(largest_unit(node, found) / MOST_FACTOR))
            if least > after.scale:
                found |= dict.fromkeys(groups[node.writes[0]], replace(after, scale=least))
        if found == before:
            return found


def largest_unit(node: FloatNode, meanings: Mapping[str, Meaning]) -> float:
    """Return the largest real value of one unit of what a layer adds up."""
    if not isinstance(node.operator, Linear):
        return max(meanings[name].scale for name in node.reads)
    before = meanings[node.reads[0]]
    return before.scale * float(least_scales(node.operator, biased(node.operator, before), before).max())


def biased(layer: Linear, before: Meaning) -> np.ndarray:
    """Return the layer's bias with what the integers of its input leave out."""
    return layer.bias + layer.weights.sum(axis=1) * np.float32(before.offset)


def least_scales(layer: Linear, bias: np.ndarray, before: Meaning) -> np.ndarray:
    """Return by output the smallest scale at which the largest weight fits int8 and the bias 31 bits."""
    bias_floor = np.maximum(np.abs(bias) / (before.scale * 2.0**30), 1e-9)
    return np.asarray(np.maximum(np.abs(layer.weights).max(axis=1) / INT8_LIMIT, bias_floor))
