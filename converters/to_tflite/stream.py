"""A WindowChain as TFLite files."""

import json

from converters.metadata import describe
from converters.to_tflite.flatbuffer import Subgraph, serialise
from converters.to_tflite.float_cell import FloatCell
from converters.to_tflite.int16x8_cell import Int16x8Cell
from tinygmp.artifact import Artifact
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.window_chain import WindowChain, chain_of

METADATA_NAME = "tinygmp"
REFUSED_ENCODINGS = {
    "sparse": "TFLite's sparse encoding needs more bytes than it saves at this size and does not run on "
    "microcontrollers; use 'dense', or target 'c' for sparse weights on a device",
    "block-sparse": "int8 fully connected layers with block-sparse weights give silently wrong results under "
    "the default XNNPACK delegate; use 'dense', or target 'c' for sparse weights on a device",
}


def convert_stream(packed: PackedModel, weight_encoding: str = "dense") -> Artifact:
    """Return `<name>_step_int16x8.tflite` (entry point) and `<name>_step_f32.tflite`.

    Both take raw int16 counts [1, channels] and a state, and return logits and the next state; the state starts at
    zeros. Raises UnsupportedError for a weight encoding that TFLite runs wrongly or not at all, FormatError when
    a weight stream is damaged.
    """
    model = chain_of(packed)
    if weight_encoding != "dense":
        reason = REFUSED_ENCODINGS.get(weight_encoding, "it is unknown; use 'dense'")
        raise UnsupportedError(f"model '{model.name}': TFLite weight encoding '{weight_encoding}': {reason}")
    entry_point = f"{model.name}_step_int16x8.tflite"
    files = {
        entry_point: step_model(model, Int16x8Cell),
        f"{model.name}_step_f32.tflite": step_model(model, FloatCell),
    }
    notes = {
        "input": f"raw int16 counts [1, {model.input.channels}]; the normalisation is inside",
        "state": "starts at zeros; state_out is copied to state_in as it is, one scale for both",
        "weights": "stored dense: pruned weights are zeros in the file",
        "agreement": "within the limits of converters/agreement.py",
    }
    return Artifact("tflite", model.name, files, entry_point, notes)


def step_model(model: WindowChain, cell_class: type[FloatCell] | type[Int16x8Cell]) -> bytes:
    """Return bytes of: counts int16 [1, channels], state_in -> logits, state_out."""
    graph = Subgraph()
    inputs, outputs = cell_class(graph, model).build()
    facts = json.dumps(describe(model), separators=(",", ":"))
    return serialise(graph, inputs, outputs, {METADATA_NAME: facts.encode()})
