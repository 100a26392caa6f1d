"""The C artifact as a library folder for Arduino and PlatformIO, and as a CMake target."""

import json
from dataclasses import dataclass

from converters.to_c.gravity import CHANNELS, takes_gravity_filter
from converters.to_c.rendering import render
from converters.to_c.stream import convert_stream
from converters.to_c.text import comment_safe
from tinygmp import __version__
from tinygmp.artifact import Artifact
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.window_chain import WindowChain, chain_of, is_window_chain

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


def convert_to_library(packed: PackedModel) -> Artifact:
    """Return a library folder: properties for Arduino and PlatformIO, CMakeLists.txt, src/, one example sketch.

    The sketch reads an MPU6050-style sensor over I2C where the model takes its six axes (with or without body
    acceleration) in counts of one of its ranges; otherwise it takes counts from the serial port. The same model
    always gives the same bytes. Raises UnsupportedError as the conversion to C does.
    """
    if not is_window_chain(packed):
        raise UnsupportedError(
            f"model '{packed.name}' cannot be converted to arduino: a sketch reads a sensor, and this is no model of "
            "sensor windows; convert it to c and call it from a sketch of your own"
        )
    model = chain_of(packed)
    c_files = {name: text for name, text in convert_stream(packed).files.items() if name != "example_main.c"}
    sensor = sensor_range(model.input)
    example = "".join(part.capitalize() for part in model.name.split("_") if part)
    sketch = f"examples/{example}/{example}.ino"
    context = {
        "model": model,
        "prefix": model.name,
        "upper": model.name.upper(),
        "version": __version__,
        "example": example,
        "sources": sorted(name for name in c_files if name.endswith(".c")),
        "gravity": takes_gravity_filter(model.input),
        "sensor": sensor,
        "channels": channel_rows(model.input),
    }
    template = "sensor_sketch.ino.j2" if sensor else "serial_sketch.ino.j2"
    files = {f"src/{name}": text for name, text in c_files.items()}
    files |= {
        "library.properties": render("library.properties.j2", context),
        "library.json": platformio_manifest(model, sketch),
        "CMakeLists.txt": render("CMakeLists.txt.j2", context),
        sketch: render(template, context),
    }
    return Artifact(
        "arduino", model.name, files, sketch, {"use": "put the folder into Arduino's libraries folder"}
    )


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


def platformio_manifest(model: WindowChain, sketch: str) -> bytes:
    manifest = {
        "name": f"tinygmp_{model.name}",
        "version": __version__,
        "description": f"Sparse FastGRNN classifier {model.name}, integers only",
        "keywords": ["machine learning", "classifier", "sensor"],
        "license": "MIT",
        "frameworks": "*",
        "platforms": "*",
        "headers": [f"{model.name}.h"],
        "examples": [
            {"name": sketch.split("/")[1], "base": sketch.rsplit("/", 1)[0], "files": [sketch.split("/")[2]]}
        ],
    }
    return (json.dumps(manifest, indent=2) + "\n").encode()
