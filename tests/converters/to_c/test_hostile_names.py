"""Names of others in generated C: labels and notes that would leave their place, layers called as C calls things."""

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from converters.to_c.convert import convert
from converters.to_c.known_sample import known_inputs
from converters.to_c.library import CONSOLE, convert_to_library
from converters.to_c.text import c_string, comment_safe
from tests.converters.image_models import EVEN, images, model_of
from tests.converters.test_to_c_library import printed, sketch_program
from tests.graph_edits import with_fields
from tinygmp.artifact import Artifact
from tinygmp.device.host import STRICT, run_on_host
from tinygmp.device.tools import host_compiler, require
from tinygmp.device.words import words_of
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_graph import random_graph, random_inputs
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.run import run

LABELS = (
    'a"b', "*/ x", "/* y", "line\nend", "\r\n", "\\", "end\\", "what??/", "f\u00e9e 1", "\U0001f600", "%s%n",
    '"; int x; "', "??/", "", "\x00a\x7f", "\u202eturned", "a" * 300,
)  # fmt: skip
CONTROLS = dict.fromkeys(range(32), " ")
IN_C = ("-std=c99", *STRICT, "-pedantic")
IN_CPP = ("-std=c++11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wold-style-cast", "-Wconversion")


def hostile_stream() -> PackedModel:
    model = random_model(3, inputs=3, hidden=8, classes=len(LABELS), steps=16)
    sensor = {"channel_names": LABELS[:3], "units": LABELS[3:6]}
    return replace(with_fields(model, "sensor", **sensor), name="evil", labels=LABELS, provenance=notes())


def hostile_graph() -> PackedModel:
    return replace(random_image_model(5, *EVEN, len(LABELS)), name="evil", labels=LABELS, provenance=notes())


def notes() -> dict[str, str]:
    return {f"{label}{place}": label for place, label in enumerate(LABELS)} | {"synthetic": "yes"}


def include(artifact: Artifact, folder: Path, command: Sequence[str], source: str) -> None:
    """Compile every source of an artifact, then one that includes every header of it."""
    artifact.write(folder)
    headers = sorted(name for name in artifact.files if name.endswith(".h"))
    text = "".join(f'#include "{name}"\n' for name in headers) + "int main(void) { return 0; }\n"
    (folder / source).write_text(text)
    subprocess.run([*command, "-c", "-o", "checked.o", source], cwd=folder, check=True)


@pytest.mark.parametrize("model", [hostile_stream(), hostile_graph()], ids=["stream", "graph"])
def test_names_that_leave_their_place_stay_in_it(model, tmp_path):
    artifact = convert(model)
    include(artifact, tmp_path, [*host_compiler(), *IN_C], "headers.c")
    include(artifact, tmp_path, [require("g++"), *IN_CPP], "headers.cpp")
    for source in ("evil.c", "example_main.c"):
        subprocess.run([*host_compiler(), *IN_C, "-c", "-o", "checked.o", source], cwd=tmp_path, check=True)


@pytest.mark.parametrize("model", [hostile_stream(), hostile_graph()], ids=["stream", "graph"])
def test_examples_of_a_library_take_them_too(model, tmp_path):
    library = convert_to_library(model)
    lines = subprocess.run(
        [sketch_program(library, tmp_path)], input=b"", capture_output=True, check=True
    ).stdout
    subprocess.run(
        [*host_compiler(), *IN_C, "-Isrc", "-c", "-o", "checked.o", CONSOLE], cwd=tmp_path, check=True
    )
    if not model.recurrent:
        found = run(model, *known_inputs(model)).classes[0]
        assert f"class {found}: {LABELS[found].translate(CONTROLS)}\n".encode() in lines


def test_labels_come_through_as_they_are(tmp_path):
    convert(hostile_stream()).write(tmp_path)
    shown = "".join(
        f"fwrite(EVIL_CLASS_{place}, sizeof EVIL_CLASS_{place}, 1, stdout);" for place in range(len(LABELS))
    )
    (tmp_path / "show.c").write_text(
        f'#include <stdio.h>\n#include "evil.h"\nint main(void) {{ {shown} return 0; }}'
    )
    subprocess.run([*host_compiler(), *IN_C, "show.c", "-o", "show"], cwd=tmp_path, check=True)
    told = subprocess.run([tmp_path / "show"], capture_output=True, check=True).stdout.split(b"\0")[:-1]
    assert [each.decode() for each in told] == [label.translate(CONTROLS) for label in LABELS]


@pytest.mark.parametrize("text", LABELS)
def test_no_text_ends_a_comment_or_continues_a_line(text):
    safe = comment_safe(f"*{text}/")
    assert not any(each in safe for each in ("*/", "/*", "\\", "??/", "\n", "\r"))
    assert c_string(text).isascii()


@pytest.mark.parametrize("layer", ["run", "classify", "scratch"])
def test_layers_may_be_called_as_functions_are(layer):
    model = model_of(EVEN)
    nodes = tuple(replace(node, name=layer) if node.name == "stem" else node for node in model.nodes)
    renamed = replace(model, nodes=nodes)
    pixels = images(EVEN[0], 2)
    result = run_on_host(convert(renamed), words_of(renamed, [pixels]))
    assert np.array_equal(result.logits, run(model, pixels).logits)


def test_values_may_be_called_as_c_calls_things():
    """The first random graph of several inputs, with names that are words of C or parameters of their own."""
    model = next(each for each in map(random_graph, range(99)) if len(each.inputs) > 1)
    names = ("Int", "logits", "int8_t", "map", "words")
    renamed = with_names(model, dict(zip(model.inputs, names, strict=False)))
    inputs = random_inputs(model, 3)
    expected = run(model, *inputs)
    result = run_on_host(convert(renamed), words_of(renamed, inputs))
    flat = [expected.outputs[name].reshape(3, -1) for name in model.outputs]
    assert np.array_equal(result.logits, np.concatenate(flat, axis=1))


def test_values_may_be_called_as_the_examples_call_things(tmp_path):
    model = next(each for each in map(random_graph, range(99)) if len(each.inputs) > 1)
    renamed = with_names(model, dict(zip(model.inputs, ("sum", "printf", "loop"), strict=False)))
    assert printed(sketch_program(convert_to_library(renamed), tmp_path), b"")[-2].endswith(", right")
    subprocess.run(
        [*host_compiler(), *IN_C, "-Isrc", "-c", "-o", "checked.o", CONSOLE], cwd=tmp_path, check=True
    )


def with_names(model: PackedModel, new: dict[str, str]) -> PackedModel:
    """Return the model with other names of values."""

    def named(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(new.get(name, name) for name in names)

    values = {
        new.get(name, name): replace(value, name=new.get(name, name)) for name, value in model.values.items()
    }
    nodes = tuple(replace(node, reads=named(node.reads), writes=named(node.writes)) for node in model.nodes)
    return replace(
        model, values=values, nodes=nodes, inputs=named(model.inputs), outputs=named(model.outputs)
    )
