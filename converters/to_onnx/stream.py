"""A WindowChain as ONNX files: each cell once as a Scan over a window and once as a single step."""

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
        "state": "starts at zeros; float: fractions of full scale -1..1, exact: the int16 state of the C code",
        "agreement": "exact: bit for bit; float: within the limits of converters/agreement.py",
    }
    return Artifact("onnx", name, files, f"{name}.onnx", notes)


def window_model(model: WindowChain, cell: Cell, metadata: dict[str, str]) -> bytes:
    """Return bytes of: counts int16 [batch, steps, channels] -> logits [batch, classes], class [batch]."""
    hidden, channels = model.cell.hidden_size, model.input.channels
    graph = Graph()
    x = cell.prepare(graph, "counts")
    body = graph.body("step.")
    body.op("Identity", cell.step(body, "x", "state"), output="next_state")
    body_proto = body.proto(
        "step",
        [
            value("state", cell.inner_dtype, ("batch", hidden)),
            value("x", cell.inner_dtype, ("batch", channels)),
        ],
        [value("next_state", cell.inner_dtype, ("batch", hidden))],
        own_constants=False,
    )
    first = zeros_like_batch(graph, "counts", hidden, cell.inner_dtype)
    final = graph.op("Scan", first, x, body=body_proto, num_scan_inputs=1, scan_input_axes=[1])
    cell.classify(graph, final)
    counts = value("counts", TensorProto.INT16, ("batch", "steps", channels))
    return serialise(graph.proto(model.name, [counts], outputs(model, cell), own_constants=True), metadata)


def step_model(model: WindowChain, cell: Cell, metadata: dict[str, str]) -> bytes:
    """Return bytes of: counts int16 [batch, channels], state_in -> logits, class, state_out."""
    shape = ("batch", model.cell.hidden_size)
    graph = Graph()
    x = cell.prepare(graph, "counts")
    state = graph.op("Cast", "state_in", to=cell.inner_dtype)
    state = cell.step(graph, x, state)
    graph.op("Cast", state, output="state_out", to=cell.state_dtype)
    cell.classify(graph, state)
    inputs = [
        value("counts", TensorProto.INT16, ("batch", model.input.channels)),
        value("state_in", cell.state_dtype, shape),
    ]
    results = [*outputs(model, cell), value("state_out", cell.state_dtype, shape)]
    return serialise(graph.proto(model.name, inputs, results, own_constants=True), metadata)


def outputs(model: WindowChain, cell: Cell) -> list:
    logits = ("batch", model.classifier.weights.shape[0])
    results = [value("logits", TensorProto.FLOAT, logits), value("class", TensorProto.INT64, ("batch",))]
    return results + [value(name, dtype, logits) for name, dtype in cell.extra_outputs]
