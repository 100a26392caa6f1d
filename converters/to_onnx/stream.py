"""A WindowChain as ONNX files: each cell once as a Scan over a window and once as a single step."""

from converters.carried import carried, carried_by
from converters.metadata import describe
from converters.to_onnx.exact_cell import ExactCell
from converters.to_onnx.float_cell import FloatCell
from converters.to_onnx.graph import Graph, TensorProto, serialise, value, zeros_like_batch
from tinygmp.artifact import Artifact
from tinygmp.graph.model import PackedModel
from tinygmp.graph.window_chain import WindowChain, chain_of

Cell = FloatCell | ExactCell


def convert_stream(packed: PackedModel) -> Artifact:
    """Return `<name>.onnx` (window, float), `<name>_step.onnx`, `<name>_exact.onnx`, `<name>_exact_step.onnx`.

    All take raw int16 counts. The exact pair computes the integer reference's logits and state to the bit.
    Raises FormatError when a weight stream is damaged, RangeError when an accumulator exceeds 32 bits.
    """
    model = chain_of(packed)
    facts = describe(model)
    exact = facts | {"arithmetic": "integer; equal to the reference to the bit"}
    real = facts | {"arithmetic": "float32 of the dequantised weights"}
    name = model.name
    files = {
        f"{name}.onnx": window_model(model, FloatCell(model), real),
        f"{name}_step.onnx": step_model(model, FloatCell(model), real),
        f"{name}_exact.onnx": window_model(model, ExactCell(model), exact),
        f"{name}_exact_step.onnx": step_model(model, ExactCell(model), exact),
    }
    notes = {
        "input": f"raw int16 counts [batch, steps, {model.input.channels}]; the normalisation is inside",
        "state": "starts at zeros; float: real, of a FastGRNN fractions of full scale; exact: the C code's int16",
        "agreement": "exact: bit for bit; float: within the limits of converters/agreement.py",
    }
    return Artifact("onnx", name, files, f"{name}.onnx", notes)


def window_model(model: WindowChain, cell: Cell, metadata: dict[str, str]) -> bytes:
    """Return bytes of: counts int16 [batch, steps, channels] -> logits [batch, classes], class [batch]."""
    states, channels = carried(model), model.input.channels
    graph = Graph()
    x = cell.prepare(graph, "counts")
    body = graph.body("step.")
    names = [each.name for each in states]
    for name, made in zip(names, cell.step(body, "x", names), strict=True):
        body.op("Identity", made, output=f"next_{name}")
    body_proto = body.proto(
        "step",
        [
            *(value(each.name, cell.inner_dtype, ("batch", each.size)) for each in states),
            value("x", cell.inner_dtype, ("batch", channels)),
        ],
        [value(f"next_{each.name}", cell.inner_dtype, ("batch", each.size)) for each in states],
        own_constants=False,
    )
    first = [zeros_like_batch(graph, "counts", each.size, cell.inner_dtype) for each in states]
    final = [f"last_{each.name}" for each in states]
    graph.ops("Scan", [*first, x], final, body=body_proto, num_scan_inputs=1, scan_input_axes=[1])
    cell.classify(graph, final[answering(model)])
    counts = value("counts", TensorProto.INT16, ("batch", "steps", channels))
    return serialise(graph.proto(model.name, [counts], outputs(model, cell), own_constants=True), metadata)


def step_model(model: WindowChain, cell: Cell, metadata: dict[str, str]) -> bytes:
    """Return bytes of: counts int16 [batch, channels], state_in -> logits, class, state_out."""
    states, graph = carried(model), Graph()
    x = cell.prepare(graph, "counts")
    before = [graph.op("Cast", f"{each.name}_in", to=cell.inner_dtype) for each in states]
    after = cell.step(graph, x, before)
    for each, one in zip(states, after, strict=True):
        graph.op("Cast", one, output=f"{each.name}_out", to=cell.state_dtype)
    cell.classify(graph, after[answering(model)])
    inputs = [
        value("counts", TensorProto.INT16, ("batch", model.input.channels)),
        *(value(f"{each.name}_in", cell.state_dtype, ("batch", each.size)) for each in states),
    ]
    made = [value(f"{each.name}_out", cell.state_dtype, ("batch", each.size)) for each in states]
    results = [*outputs(model, cell), *made]
    return serialise(graph.proto(model.name, inputs, results, own_constants=True), metadata)


def answering(model: WindowChain) -> int:
    """Return the place of the last cell's output among the carried states."""
    return sum(carried_by(node) for node in model.cells[:-1])


def outputs(model: WindowChain, cell: Cell) -> list:
    logits = ("batch", model.classifier.weights.shape[0])
    results = [value("logits", TensorProto.FLOAT, logits), value("class", TensorProto.INT64, ("batch",))]
    return results + [value(name, dtype, logits) for name, dtype in cell.extra_outputs]
