"""A graph without states as ONNX: float, int8 with the packed scales (QDQ), and integer arithmetic to the bit."""

from collections.abc import Iterable

import numpy as np
import onnx
from onnx import helper

from converters.metadata import describe_network
from converters.ports import input_names, output_names
from converters.to_onnx.emitter import Emitter, Form
from converters.to_onnx.graph import IR_VERSION, OPSET, TensorProto, serialise, value
from converters.to_onnx.operators.registry import emit
from tinygmp.artifact import Artifact
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel

VALUE_BYTES, INDEX_BYTES = 4, 8  # of a float32 in a sparse initializer, and of its position
ARITHMETIC: dict[Form, str] = {
    "float": "float32 of the packed weights",
    "int8": "int8 with the packed scales; the runtime rounds",
    "exact": "integer; equal to the reference to the bit",
}
DTYPES = {"uint8": TensorProto.UINT8, "int8": TensorProto.INT8, "int16": TensorProto.INT16}


def convert_graph(model: PackedModel) -> Artifact:
    """Return `<name>.onnx` (float), `<name>_int8.onnx`, `<name>_exact.onnx`, and `<name>_sparse.onnx` where smaller.

    All take the packed model's inputs [batch, rows, columns, channels] and give the real numbers of its outputs, and
    the class where there are labels. The exact form computes the reference's integers; int8 leaves rounding to the
    runtime. Raises UnsupportedError for an operator without a form.
    """
    if model.recurrent:
        raise UnsupportedError(
            f"model '{model.name}' keeps a state; only the chain of a FastGRNN cell has ONNX for that"
        )
    name = model.name
    files = {
        f"{name}.onnx": one_form(model, "float"),
        f"{name}_int8.onnx": one_form(model, "int8"),
        f"{name}_exact.onnx": one_form(model, "exact"),
    }
    values = [model.values[each] for each in model.inputs]
    shapes = [f"{each.dtype} [batch, {', '.join(map(str, each.shape))}]" for each in values]
    notes = {
        "input": f"{' and '.join(shapes)}, as the packed model takes it; the normalisation is inside",
        "agreement": "exact: bit for bit; int8 and float: within the limits of converters/agreement.py",
    }
    sparse = with_sparse_weights(files[f"{name}.onnx"])
    if sparse is not None and len(sparse) < len(files[f"{name}.onnx"]):
        files[f"{name}_sparse.onnx"] = sparse
        notes["sparse"] = "smaller on disk only: onnxruntime expands the weights at load"
    return Artifact("onnx", name, files, f"{name}.onnx", notes)


def one_form(model: PackedModel, form: Form) -> bytes:
    """Return the bytes of one form."""
    emitter = Emitter(model, form)
    inputs, outputs = input_names(model), output_names(model)
    for name, given in inputs.items():
        emitter.names[name] = emitter.input(name, given)
    for node in model.nodes:
        emit(emitter, node)
    for name, called in outputs.items():
        emitter.output(name, called)
    takes = [
        value(called, DTYPES[model.values[name].dtype], ("batch", *model.values[name].shape))
        for name, called in inputs.items()
    ]
    gives = [
        value(called, TensorProto.FLOAT, ("batch", *model.values[name].shape))
        for name, called in outputs.items()
    ]
    if model.labels:
        emitter.graph.op("ArgMax", "logits", output="class", axis=1, keepdims=0)
        gives.append(value("class", TensorProto.INT64, ("batch",)))
    metadata = describe_network(model) | {"arithmetic": ARITHMETIC[form]}
    return serialise(emitter.graph.proto(model.name, takes, gives, own_constants=True), metadata)


def with_sparse_weights(content: bytes) -> bytes | None:
    """Return the model with sparse initializers where those are smaller, or None where none is.

    onnx.checker refuses such a model (its type inference knows no sparse weights); onnxruntime runs it.
    """
    model = onnx.load_from_string(content)
    dense, sparse = split(model.graph.initializer)
    if not sparse:
        return None
    graph = helper.make_graph(
        model.graph.node,
        model.graph.name,
        model.graph.input,
        model.graph.output,
        dense,
        sparse_initializer=sparse,
    )
    smaller = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="tinygmp",
    )
    smaller.metadata_props.extend(model.metadata_props)
    return bytes(smaller.SerializeToString(deterministic=True))


def split(
    initializers: Iterable[onnx.TensorProto],
) -> tuple[list[onnx.TensorProto], list[onnx.SparseTensorProto]]:
    """Return the tensors that stay dense and the sparse form of the others."""
    dense, sparse = [], []
    for tensor in initializers:
        array = onnx.numpy_helper.to_array(tensor)
        at = np.flatnonzero(array)
        if (
            array.dtype != np.float32
            or array.ndim < 2
            or len(at) * (VALUE_BYTES + INDEX_BYTES) >= array.nbytes
        ):
            dense.append(tensor)
            continue
        values = onnx.numpy_helper.from_array(array.ravel()[at], tensor.name)
        indices = onnx.numpy_helper.from_array(at.astype(np.int64), f"{tensor.name}.indices")
        sparse.append(helper.make_sparse_tensor(values, indices, list(array.shape)))
    return dense, sparse
