"""Sensor counts: the normalisation of the training set, folded into integers."""

import numpy as np

from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.values import Value
from tinygmp.pack.assembly import Assembly

MULTIPLIER_BITS = 15


def pack_sensor_input(assembly: Assembly, node: FloatNode) -> None:
    scaling = node.operator
    assert isinstance(scaling, SensorScaling)
    assembly.add_value(Value(node.reads[0], assembly.graph.shapes[node.reads[0]], "int16"))
    assembly.add(node, fold_sensor(scaling, assembly.meanings[node.writes[0]].scale))


def fold_sensor(scaling: SensorScaling, scale: float) -> SensorInput:
    """Return the integer input whose int8 output times `scale` is the normalised value."""
    per_unit = np.asarray(scaling.counts_per_unit, float)
    factor = 1 / (np.asarray(scaling.std, float) * per_unit * scale)
    shift = int(np.clip(np.floor(MULTIPLIER_BITS - np.log2(factor.max())), 1, 30))
    multiplier = np.clip(np.rint(factor * 2.0**shift), 1, 32767)
    offset = np.clip(np.rint(np.asarray(scaling.mean) * per_unit), -32768, 32767)
    return SensorInput(
        channel_names=scaling.channel_names,
        units=scaling.units,
        counts_per_unit=tuple(float(counts) for counts in per_unit),
        offset=offset.astype(np.int16),
        multiplier=multiplier.astype(np.int16),
        shift=shift,
    )
