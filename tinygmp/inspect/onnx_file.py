"""What lies in an .onnx file: nodes, initializers, their bytes and zeros."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tinygmp.errors import FileFormatError
from tinygmp.foreign import reads
from tinygmp.inspect.file import FileInspection, LayerRow, TensorRow, sparsity_of

if TYPE_CHECKING:
    import onnx


@reads("an .onnx file", "export it again", FileFormatError)
def inspect_onnx(path: Path) -> FileInspection:
    """Return what an .onnx file holds; raises FileFormatError for another or a damaged file."""
    import onnx
    from google.protobuf.message import DecodeError

    data = path.read_bytes()
    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError) as error:
        raise FileFormatError(f"'{path}' is not an .onnx file: {error}; export it again") from error
    outside = sum(each.data_location == onnx.TensorProto.EXTERNAL for each in model.graph.initializer)
    beside = with_outside(path, model) if outside else 0
    graph = model.graph
    if not graph.node:
        raise FileFormatError(f"'{path}' is an .onnx file without nodes; export it again")
    tensors = [tensor_row(each) for each in graph.initializer]
    tensors += [sparse_row(each) for each in graph.sparse_initializer]
    constants = {tensor.name: tensor for tensor in tensors}
    shapes = {value.name: value for value in (*graph.value_info, *graph.output, *graph.input)}
    layers = []
    for node in graph.node:
        read = [constants[name] for name in dict.fromkeys(node.input) if name in constants]
        made = shapes.get(node.output[0]) if node.output else None
        layers.append(
            LayerRow(
                name=node.name or (node.output[0] if node.output else ""),
                op=node.op_type,
                shape=shape_of(made) if made is not None else (),
                dtype=type_name(made.type.tensor_type.elem_type) if made is not None else "",
                constant_bytes=sum(tensor.stored_bytes for tensor in read),
                sparsity=max(read, key=lambda tensor: tensor.stored_bytes).sparsity if read else None,
            )
        )
    held = sum(tensor.stored_bytes for tensor in tensors)
    parts = {"initializers": held, "graph and names": max(len(data) + beside - held, 0)}
    notes = (f"{outside} tensors lie in other files, {beside:,} B, and are counted",) if outside else ()
    return FileInspection("onnx", path.stem, len(data) + beside, tuple(layers), tuple(tensors), parts, notes)


def with_outside(path: Path, model: "onnx.ModelProto") -> int:
    """Read the weights that lie in other files beside the model into it and return those files' bytes.

    Raises FileFormatError where one is missing or damaged.
    """
    from onnx.external_data_helper import load_external_data_for_model

    names = {
        entry.value
        for each in model.graph.initializer
        for entry in each.external_data
        if entry.key == "location"
    }
    try:
        load_external_data_for_model(model, str(path.parent))
        return sum((path.parent / name).stat().st_size for name in names)
    except Exception as error:  # onnx raises its checker's classes, which are no common kind
        raise FileFormatError(
            f"'{path}': its weights lie in {sorted(names)[:3]}, which must be beside it ({error}); export it again, or "
            "copy both"
        ) from error


def shape_of(value: "onnx.ValueInfoProto") -> tuple[int, ...]:
    """Return the shape of a value; a dimension that the model leaves open is -1."""
    return tuple(
        each.dim_value if each.HasField("dim_value") else -1 for each in value.type.tensor_type.shape.dim
    )


def type_name(number: int) -> str:
    import onnx

    try:
        return onnx.TensorProto.DataType.Name(number).lower()  # type: ignore[arg-type]
    except ValueError:
        return f"type {number}"


def tensor_row(tensor: "onnx.TensorProto") -> TensorRow:
    import onnx
    from onnx import numpy_helper

    sparsity, stored = None, tensor.ByteSize()
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        try:
            values = numpy_helper.to_array(tensor)
            stored = len(tensor.raw_data) or values.nbytes
            sparsity = sparsity_of(values) if values.dtype.kind in "iufb" else None
        except (ValueError, TypeError, KeyError, OverflowError, MemoryError):
            sparsity = None  # a type that numpy has not: its bytes are known, its zeros are not
    return TensorRow(
        tensor.name, tuple(tensor.dims), type_name(tensor.data_type), stored, True, sparsity=sparsity
    )


def sparse_row(tensor: "onnx.SparseTensorProto") -> TensorRow:
    """Return a tensor that is stored as values and indices."""
    shape = tuple(tensor.dims)
    size = int(np.prod(shape)) if shape else 0
    kept = int(np.prod(tuple(tensor.values.dims)))
    stored = tensor.values.ByteSize() + tensor.indices.ByteSize()
    return TensorRow(
        tensor.values.name, shape, f"sparse {type_name(tensor.values.data_type)}", stored, True,
        sparsity=1 - kept / size if size else None,
    )  # fmt: skip
