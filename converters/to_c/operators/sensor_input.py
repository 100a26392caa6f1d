"""Raw counts of a whole map to int8."""

from collections.abc import Sequence

from converters.to_c.arrays import ConstantArray, symbol_of
from converters.to_c.kernel import Kernel
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.sensor_input import SensorInput

MOST_CHANNELS = 255


def sensor_input(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to normalise counts, position by position."""
    operator, read = node.operator, model.read_by(node)[0]
    assert isinstance(operator, SensorInput)
    if operator.channels > MOST_CHANNELS:
        raise UnsupportedError(
            f"model '{model.name}', layer '{node.name}': {operator.channels} channels, the limit is {MOST_CHANNELS}"
        )
    symbol = symbol_of(model, node.name)
    arrays = (
        ConstantArray(f"{symbol}_offset", operator.offset, f"{node.name}: offset, one a channel"),
        ConstantArray(f"{symbol}_multiplier", operator.multiplier, f"{node.name}: multiplier, one a channel"),
    )

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        return (
            f"for (at = 0; at < {read.size}u; at += {read.channels}u) {{\n"
            f"    tg_sensor_int8({reads[0]} + at, {symbol}_offset, {symbol}_multiplier, {operator.shift}, "
            f"{writes[0]} + at, {read.channels});\n"
            "}\n"
        )

    return [Kernel(("tg_sensor.c",), arrays, call, overlap=(0,))]
