"""ONNX files, read as data."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError, MissingToolError, TinyGmpError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.readers.builder import GraphBuilder
from tinygmp.readers.onnx_call import Call, OnnxFile
from tinygmp.readers.onnx_cells import is_of_cells, take
from tinygmp.readers.onnx_constants import constant, folded
from tinygmp.readers.onnx_operators import HANDLERS
from tinygmp.readers.pixel_meaning import HALF, with_normalisation

DOMAINS = ("", "ai.onnx")


def load_onnx(
    path: Path, mean: Sequence[float] | None = HALF, std: Sequence[float] | None = HALF
) -> FloatGraph:
    """Return the float graph of an ONNX file, float32 [1, channels, rows, columns], [1, channels, steps] or [1, n] in.

    mean, std: by channel, what training subtracted from pixels in 0..1 and divided by; None: plain reals. Nothing in
    the file is run; weights outside of it are looked for beside it. Raises DataError for a file that is no such model,
    UnsupportedError that names a node, MissingToolError.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingToolError("onnx is absent; install it with: pip install onnx") from error
    try:
        model = onnx.load(str(path))
        arrays = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
    except Exception as error:
        raise DataError(
            f"'{path}' cannot be read as ONNX: {error}; weights in a file of their own must lie beside it"
        ) from error
    try:
        found = graph_of(path, model, arrays, mean)
    except TinyGmpError:
        raise
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, StopIteration) as error:
        raise DataError(f"'{path}' is a damaged ONNX model ({error!r}); see docs/mobilenet.md") from error
    return found if mean is None or std is None else with_normalisation(found, mean, std)


def graph_of(
    path: Path, model: Any, arrays: dict[str, np.ndarray], mean: Sequence[float] | None
) -> FloatGraph:
    """Return the graph of a model, before pixels are normalised; arrays: its initialisers by name."""
    graph = model.graph
    uses = Counter(name for node in graph.node if node.op_type != "Shape" for name in node.input)
    uses.update(value.name for value in graph.output)
    builder = GraphBuilder(path.name, channels_first=True, uses=uses)
    opset = max((each.version for each in model.opset_import if each.domain in DOMAINS), default=1)
    file = OnnxFile(builder, arrays, opset)
    for entry in graph.input:
        if entry.name not in arrays:
            sides = input_sides(path, entry, mean)
            pixels = PixelInput() if len(sides) == 3 and mean is not None else None
            builder.start(entry.name, channels_last(sides), pixels)
            file.ranks[entry.name] = len(sides) + 1
            file.batch = int(entry.type.tensor_type.shape.dim[0].dim_value)
    for node in graph.node:
        add(file, node)
    return builder.finish([value.name for value in graph.output])


def input_sides(path: Path, entry: Any, mean: Sequence[float] | None) -> list[int]:
    """Return an input's sides after the batch; raises DataError for one that is no float map of as many channels."""
    import onnx

    tensor = entry.type.tensor_type
    shape = [each.dim_value for each in tensor.shape.dim]
    sides = shape[1:]
    expected = "[1, channels, rows, columns], [1, channels, steps] or [1, elements]"
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        kind = onnx.TensorProto.DataType.Name(tensor.elem_type)
        raise DataError(f"'{path}': input '{entry.name}' is {kind}; expected FLOAT {expected}")
    if len(sides) == 3 and mean is not None and len({*mean}) > 1 and sides[0] != len(mean):
        sides, expected = [], f"[1, {len(mean)}, rows, columns]"
    if len(sides) not in (1, 2, 3) or min(sides) < 1:
        raise DataError(f"'{path}': input '{entry.name}' is {shape}; expected {expected}")
    return sides


def channels_last(sides: Sequence[int]) -> tuple[int, ...]:
    if len(sides) == 3:
        return (sides[1], sides[2], sides[0])
    return (1, sides[1], sides[0]) if len(sides) == 2 else (sides[0],)


def add(file: OnnxFile, node: Any) -> None:
    """Take one node, in order of execution: a constant, what follows from constants, or an operator."""
    call = Call(file, node)
    if node.domain not in DOMAINS:
        raise call.unsupported(f"an operation of the domain '{node.domain}'")
    if call.kind == "Constant":
        file.arrays[call.written] = constant(call.at)
        return
    if call.kind == "Expand" and not np.any(file.arrays.get(node.input[0], np.ones(1))):
        file.arrays[call.written] = np.zeros(1, np.float32)  # of any size: what a cell begins with
        return
    if call.kind == "Shape" and call.reads:
        of_cells = file.builder.is_series(call.read)
        file.arrays[call.written] = np.ones(3, np.int64) if of_cells else call.shape()
        return
    constants = [file.arrays.get(name) for name in node.input]
    if not call.reads and (value := folded(call.kind, call.at, constants)) is not None:
        file.arrays[call.written] = value
        return
    if call.reads and is_of_cells(call):
        take(call)
        return
    handler = HANDLERS.get(call.kind)
    if handler is None:
        raise call.unsupported("this operation")
    if not call.reads:
        raise call.unsupported("an operation on constants")
    call.expect_usual()
    file.ranks[call.written] = call.rank
    handler(call)
