"""The sketch of a model of sensor samples: it reads an MPU6050-style sensor, or counts from the serial port."""

from dataclasses import dataclass

from converters.to_c.gravity import CHANNELS, rate_of, takes_gravity_filter
from converters.to_c.rendering import render
from converters.to_c.text import comment_safe
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.window_chain import WindowChain

FULL_SCALE_G = (2, 4, 8, 16)  # of an MPU6050, in the order of its register's two bits: 32768 counts
FULL_SCALE_DEGREES_S = (250, 500, 1000, 2000)
DEGREES = 57.29578
NEAR = 0.005  # counts per unit that differ by less are the same range


@dataclass(frozen=True)
class SensorRange:
    """Full scales of a sensor of the MPU6050 family that give a model its counts per unit, as register bits."""

    acceleration: int
    rotation: int

    @property
    def full_scale_g(self) -> int:
        return FULL_SCALE_G[self.acceleration]

    @property
    def full_scale_degrees_s(self) -> int:
        return FULL_SCALE_DEGREES_S[self.rotation]


def sensor_sketch(model: WindowChain) -> bytes:
    """Return the sketch: of the sensor where the model takes its axes in counts of one of its ranges."""
    sensor = sensor_range(model.input)
    context: dict[str, object] = {
        "model": model,
        "prefix": model.name,
        "upper": model.name.upper(),
        "rate_hz": rate_of(model.model),
        "gravity": takes_gravity_filter(model.input),
        "sensor": sensor,
        "channels": channel_rows(model.input),
        "reject": model.model.reject,
    }
    return render("sensor_sketch.ino.j2" if sensor else "serial_sketch.ino.j2", context)


def sensor_range(layer: SensorInput) -> SensorRange | None:
    """Return the sensor's ranges for a model of nine or six known channels, or None for any other model."""
    if not takes_gravity_filter(layer) and layer.channel_names != CHANNELS[3:]:
        return None
    rotation, total = layer.counts_per_unit[-6:-3], layer.counts_per_unit[-3:]
    if layer.units[-6:] != ("rad/s",) * 3 + ("g",) * 3:
        return None
    acceleration_bits = range_bits(total, tuple(32768 / full for full in FULL_SCALE_G))
    rotation_bits = range_bits(rotation, tuple(32768 / full * DEGREES for full in FULL_SCALE_DEGREES_S))
    if acceleration_bits is None or rotation_bits is None:
        return None
    return SensorRange(acceleration_bits, rotation_bits)


def range_bits(counts_per_unit: tuple[float, ...], ranges: tuple[float, ...]) -> int | None:
    """Return the place of the range that all three axes agree with, or None."""
    for bits, counts in enumerate(ranges):
        if all(abs(axis / counts - 1) < NEAR for axis in counts_per_unit):
            return bits
    return None


def channel_rows(layer: SensorInput) -> list[tuple[str, str, str]]:
    """Return name, counts per unit, and the training set's mean, one a channel, safe in a comment."""
    rows = zip(layer.channel_names, layer.counts_per_unit, layer.units, layer.offset.tolist(), strict=True)
    return [
        (comment_safe(name), f"{counts:.6g} counts per {comment_safe(unit)}", f"{offset / counts:.2f}")
        for name, counts, unit, offset in rows
    ]
