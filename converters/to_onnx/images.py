"""A PackedImageModel as ONNX: float, int8 with the packed scales (QDQ), and integer arithmetic to the bit."""

from collections.abc import Iterable

import numpy as np
import onnx
from onnx import helper

from converters.metadata import describe_network
from converters.to_onnx.graph import IR_VERSION, OPSET, Graph, TensorProto, serialise, value
from converters.to_onnx.image_arithmetic import ExactImages, FloatImages, ImageArithmetic, QdqImages
from tinygmp.artifact import Artifact
from tinygmp.packed.image_model import GlobalAveragePool, ImageClassifier, PackedImageModel

VALUE_BYTES, INDEX_BYTES = 4, 8  # of a float32 in a sparse initializer, and of its position


def convert_images(model: PackedImageModel) -> Artifact:
    """Return `<name>.onnx` (float), `<name>_int8.onnx`, `<name>_exact.onnx`, and `<name>_sparse.onnx` where smaller.

    All take uint8 pixels [batch, size, size, channels] and give real logits and the class. The exact form computes the
    reference's integers; int8 leaves rounding to the runtime. Raises FormatError when a weight stream is damaged.
    """
    facts = describe_network(model)
    name = model.name
    files = {
        f"{name}.onnx": image_model(
            model, FloatImages(), facts | {"arithmetic": "float32 of the packed weights"}
        ),
        f"{name}_int8.onnx": image_model(
            model, QdqImages(), facts | {"arithmetic": "int8 with the packed scales; the runtime rounds"}
        ),
        f"{name}_exact.onnx": image_model(
            model, ExactImages(), facts | {"arithmetic": "integer; equal to the reference to the bit"}
        ),
    }
    notes = {
        "input": f"uint8 pixels [batch, {model.size}, {model.size}, {model.channels}]; the normalisation is inside",
        "agreement": "exact: bit for bit; int8 and float: within TOLERANCES of converters/agreement.py",
    }
    sparse = with_sparse_weights(files[f"{name}.onnx"])
    if sparse is not None and len(sparse) < len(files[f"{name}.onnx"]):
        files[f"{name}_sparse.onnx"] = sparse
        notes["sparse"] = "smaller on disk only: onnxruntime expands the weights at load"
    return Artifact("onnx", name, files, f"{name}.onnx", notes)


def image_model(model: PackedImageModel, arithmetic: ImageArithmetic, metadata: dict[str, str]) -> bytes:
    """Return the bytes of one form."""
    graph = Graph()
    x = arithmetic.start(graph, graph.op("Transpose", "pixels", perm=[0, 3, 1, 2]), model.linear()[0].input)
    rows = model.size
    for layer in model.layers:
        if isinstance(layer, GlobalAveragePool):
            x = arithmetic.pool(graph, x, rows * rows)
            x = graph.op("Flatten", x)
            continue
        rows = 1 if isinstance(layer, ImageClassifier) else layer.rows_after(rows)
        x = arithmetic.linear(graph, layer, x)
    arithmetic.finish(graph, x, model.linear()[-1].output)
    graph.op("ArgMax", "logits", output="class", axis=1, keepdims=0)
    pixels = value("pixels", TensorProto.UINT8, ("batch", model.size, model.size, model.channels))
    results = [
        value("logits", TensorProto.FLOAT, ("batch", len(model.labels))),
        value("class", TensorProto.INT64, ("batch",)),
    ]
    return serialise(graph.proto(model.name, [pixels], results, own_constants=True), metadata)


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
