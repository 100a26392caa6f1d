"""A graph without states as TFLite: int8 with the packed scales, float32 dense, float32 with sparse weights."""

import json

import numpy as np

from converters.metadata import describe_network
from converters.ports import input_names, output_names
from converters.to_tflite.flatbuffer import schema, serialise
from converters.to_tflite.operators.planar import needs_mirror
from converters.to_tflite.operators.registry import HANDLERS, OUTSIDE, write
from converters.to_tflite.operators.weights import is_smaller
from converters.to_tflite.writer import Form, Writer
from tinygmp.artifact import Artifact
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.linear import Linear

RAW = ("uint8", "int16")
FORMS: tuple[Form, ...] = ("int8", "f32", "f32_sparse")


def convert_graph(model: PackedModel, forms: tuple[Form, ...] = FORMS) -> Artifact:
    """Return `<name>_<form>.tflite` for each form, the first as entry point.

    int8: takes q = pixel - 128 (or normalised counts, or the model's int8 input), int8 outputs, of sums int16; rounds
    as the reference does under the kernels that the model's rounding names. f32: takes and gives real numbers, weights
    and biases those of the packed model; activations are not rounded. f32_sparse: the same with CSR weights where they
    are smaller, expanded at load. With all forms comes `<name>_int8_micro.tflite` where it is smaller than int8: TFLite
    Micro only.
    Raises UnsupportedError for another form or an operator without one.
    """
    for form in forms:
        if form not in FORMS:
            raise UnsupportedError(
                f"model '{model.name}': TFLite kind '{form}' is unknown; known: {', '.join(FORMS)}. Sparse int8 is "
                "refused: TFLite runs it wrongly or not at all"
            )
    files = {f"{model.name}_{form}.tflite": one_form(model, form) for form in forms}
    linear = [node.operator for node in model.nodes_of(Linear)]
    if forms == FORMS and any(isinstance(each, Linear) and is_smaller(each) for each in linear):
        files[f"{model.name}_int8_micro.tflite"] = one_form(model, "micro")
    notes = {
        "int8": "equal to the reference in every bit where the kernels round as the model does; see the docs",
        "int8_micro": "weights decode in the arena (TFLM_DECODE); runs in TFLite Micro only",
        "f32_sparse": "weights expand at load (DENSIFY); does not run in TFLite Micro",
    }
    return Artifact("tflite", model.name, files, f"{model.name}_{forms[0]}.tflite", notes)


def one_form(model: PackedModel, form: Form) -> bytes:
    """Return the bytes of one form."""
    if model.recurrent:
        raise UnsupportedError(
            f"model '{model.name}' keeps a state; only the chain of a FastGRNN cell has TFLite for that"
        )
    check_raw_inputs(model)
    writer = Writer(model, form, mirrored=form == "f32_sparse" and needs_mirror(model))
    inputs, outputs = file_inputs(model), output_names(model)
    for value, called in inputs.items():
        writer.tensors[value] = writer.tensor(called, model.values[value])
    takes = {called: writer.tensors[value] for value, called in inputs.items()}
    if writer.mirrored:
        for value in inputs:
            writer.tensors[value] = mirrored_map(writer, value)
    for node in model.nodes:
        if not isinstance(node.operator, OUTSIDE):
            write(writer, node, outputs.get(node.writes[0], node.name))
    facts = json.dumps(describe_network(model), separators=(",", ":"))
    gives = {called: writer.tensors[value] for value, called in outputs.items()}
    return serialise(writer.graph, takes, gives, {"tinygmp": facts.encode()})


def mirrored_map(writer: Writer, name: str) -> int:
    """Add the map with its rows and columns in reverse, and return its tensor."""
    axes = writer.graph.constant(f"{name}.axes", np.array([1, 2], np.int32))
    tensor = writer.tensor(f"{name}.mirrored", writer.model.values[name])
    return writer.graph.operator(
        "REVERSE_V2", 1, [writer.tensors[name], axes], tensor, schema.ReverseV2OptionsT()
    )


def check_raw_inputs(model: PackedModel) -> None:
    """Raise UnsupportedError where counts or pixels go elsewhere than into one layer that makes int8 of them."""
    for name, value in model.values.items():
        readers = [type(node.operator) for node in model.nodes if name in node.reads]
        outside = sum(reader in OUTSIDE for reader in readers)
        unread = name in model.inputs and not readers
        if value.dtype in RAW and (unread or outside > 1 or any(reader in HANDLERS for reader in readers)):
            raise UnsupportedError(
                f"model '{model.name}': '{name}' is {value.dtype}; a TFLite file takes int8, so one layer, a sensor or "
                "pixel input, must read it and no other"
            )


def file_inputs(model: PackedModel) -> dict[str, str]:
    """Return the int8 value that each input of a file stands for, and what the input is called."""
    names = input_names(model)
    found = {}
    for name in model.inputs:
        readers = [node for node in model.nodes if name in node.reads and isinstance(node.operator, OUTSIDE)]
        found[readers[0].writes[0] if readers else name] = names[name]
    return found
