"""The C artifact as a library folder for Arduino and PlatformIO, and as a CMake target."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from converters.to_c.convert import convert
from converters.to_c.graph_example import console_example, graph_sketch
from converters.to_c.known_sample import known_checksum
from converters.to_c.rendering import render
from converters.to_c.sensor_sketch import sensor_sketch
from tinygmp import __version__
from tinygmp.artifact import Artifact
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.window_chain import chain_of

CONSOLE = "examples/console/main.c"
# Headers of C and of Arduino's core, in whose place a build with src/ among its folders would take the model's.
OTHERS = """
    arduino assert binary client complex ctype errno fenv float inttypes iso646 limits locale malloc math memory print
    printable pins_arduino server setjmp signal spi stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib
    stdnoreturn stream string strings tgmath threads time uchar udp unistd wchar wctype wire wstring
"""
HEADERS_OF_OTHERS = frozenset(OTHERS.split())


@dataclass(frozen=True)
class Examples:
    """How to call a model: a sketch for Arduino, a main for a console, and what the model is in one line."""

    sketch: bytes
    console: bytes
    summary: str
    keywords: tuple[str, ...]


def convert_to_library(model: PackedModel) -> Artifact:
    """Return a library folder: properties for Arduino and PlatformIO, CMakeLists.txt, src/, two examples.

    The sketch of a model of sensor samples reads an MPU6050-style sensor over I2C where the model takes its six axes
    (with or without body acceleration) in counts of one of its ranges; otherwise it takes counts from the serial port.
    That of any other graph runs a known sample and holds its outputs against the reference's. The same model always
    gives the same bytes. Raises UnsupportedError as the conversion to C does.
    """
    if model.name in HEADERS_OF_OTHERS:
        raise UnsupportedError(
            f"model '{model.name}' cannot be a library: its header would stand in the place of <{model.name}.h>; "
            "pack it under another name"
        )
    converted = convert(model)
    c_files = {name: text for name, text in converted.files.items() if name != "example_main.c"}
    made = stream_examples(model) if converted.interface == "stream" else graph_examples(model, c_files)
    example = "".join(part.capitalize() for part in model.name.split("_") if part)
    sketch = f"examples/{example}/{example}.ino"
    context: dict[str, object] = {
        "prefix": model.name,
        "version": __version__,
        "summary": made.summary,
        "synthetic": model.synthetic,
        "sources": sorted(name for name in c_files if name.endswith(".c")),
        "headers": headers_of(model, c_files),
        "console": CONSOLE,
    }
    files = {f"src/{name}": text for name, text in c_files.items()}
    files |= {
        "library.properties": render("library.properties.j2", context),
        "library.json": platformio_manifest(model, made, sketch),
        "CMakeLists.txt": render("CMakeLists.txt.j2", context),
        sketch: made.sketch,
        CONSOLE: made.console,
    }
    notes = {**converted.notes, "use": "put the folder into Arduino's libraries folder"}
    return Artifact("arduino", model.name, files, sketch, notes)


def stream_examples(model: PackedModel) -> Examples:
    """Return the examples of a model that is called after each sample."""
    chain = chain_of(model)
    context: dict[str, object] = {
        "model": chain,
        "prefix": model.name,
        "upper": model.name.upper(),
        "command": command(model),
        "reject": model.reject,
    }
    return Examples(
        sensor_sketch(chain),
        render("example_main.c.j2", context),
        f"Sparse FastGRNN classifier {model.name}",
        ("machine learning", "classifier", "sensor"),
    )


def graph_examples(model: PackedModel, c_files: Mapping[str, bytes]) -> Examples:
    """Return the examples of a model that is called from inputs to outputs."""
    inside = b"_PIXELS_OFFSET " in c_files[f"{model.name}.h"]
    checksum = known_checksum(model)
    takes = " and ".join(" x ".join(map(str, model.values[name].shape)) for name in model.inputs)
    kind = "classifier" if model.labels else "network"
    return Examples(
        graph_sketch(model, inside, checksum),
        console_example(model, inside, checksum, command(model)),
        f"{kind.capitalize()} {model.name}, {takes} in",
        ("machine learning", kind),
    )


def command(model: PackedModel) -> str:
    return f"-Isrc {CONSOLE} src/{model.name}.c"


def headers_of(model: PackedModel, c_files: Mapping[str, bytes]) -> list[str]:
    """Return the headers that Arduino's 'include library' writes into a sketch."""
    return [name for name in (f"{model.name}.h", f"{model.name}_gravity.h") if name in c_files]


def platformio_manifest(model: PackedModel, made: Examples, sketch: str) -> bytes:
    manifest = {
        "name": f"tinygmp_{model.name}",
        "version": __version__,
        "description": f"{made.summary}, integers only",
        "keywords": list(made.keywords),
        "license": "MIT",
        "frameworks": "*",
        "platforms": "*",
        "headers": [f"{model.name}.h"],
        "examples": [
            {"name": sketch.split("/")[1], "base": sketch.rsplit("/", 1)[0], "files": [sketch.split("/")[2]]}
        ],
    }
    return (json.dumps(manifest, indent=2) + "\n").encode()
