"""Borders: TFLite's SAME where it is the window's padding, else an operator before."""

import numpy as np

from converters.to_tflite.flatbuffer import schema
from converters.to_tflite.writer import Writer
from tinygmp.graph.operators.window import Window, same_padding
from tinygmp.graph.values import Value


def is_same(window: Window, read: Value) -> bool:
    """Return whether a window's padding is what TFLite's SAME gives."""
    rows, columns, _ = read.map_shape
    return window.padding == same_padding(rows, columns, window.kernel, window.stride, window.dilation)


def padded(writer: Writer, x: int, name: str, read: Value, padding: tuple[int, int, int, int]) -> int:
    """Return the map with a border of zeros."""
    top, bottom, left, right = padding
    rows, columns, channels = read.map_shape
    shape = (rows + top + bottom, columns + left + right, channels)
    sides = writer.graph.constant(
        f"{name}.sides", np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
    )
    version = 2 if writer.quantised else 1
    return writer.graph.operator(
        "PAD", version, [x, sides], writer.tensor(name, read, shape), schema.PadOptionsT()
    )


def padded_with_least(
    writer: Writer, x: int, name: str, read: Value, padding: tuple[int, int, int, int]
) -> int:
    """Return the map with a border that no maximum takes."""
    top, bottom, left, right = padding
    rows, columns, channels = read.map_shape
    shape = (rows + top + bottom, columns + left + right, channels)
    sides = writer.graph.constant(
        f"{name}.sides", np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
    )
    least = writer.constant(f"{name}.least", -1e9, read)
    version = 2 if writer.quantised else 1
    tensor = writer.tensor(name, read, shape)
    return writer.graph.operator("PADV2", version, [x, sides, least], tensor, schema.PadV2OptionsT())
