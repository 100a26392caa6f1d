"""C99 of a FastGRNN of 8 bits for 64-bit ARM: eight units side by side, a step in some two thousand instructions.

The matrices lie unpacked in the order in which SDOT takes them, since a phone multiplies sixteen zeros faster than it
finds one value that is none. The classifier, which runs once an answer, stays packed.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from converters.to_c.arrays import ConstantArray, stream_arrays, symbol_of
from converters.to_c.header import header_context
from converters.to_c.kernel import rounded
from converters.to_c.readers import definitions, reader
from converters.to_c.rendering import render
from converters.to_c.runtime_text import joined_kernels
from converters.to_c.stream import convert_stream, title_of
from tinygmp.artifact import Artifact
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.fastgrnn import LinearMap, LowRank, factors
from tinygmp.graph.window_chain import WindowChain, chain_of

UNITS, COLUMNS = 8, 16  # side by side: of outputs, of inputs


def convert_cell(packed: PackedModel) -> Artifact:
    """Return the portable C with the source and header of the one cell in their place."""
    model = chain_of(packed)
    made = convert_stream(packed)
    context = cell_context(model) | header_context(packed) | {"title": title_of(model)}
    files = dict(made.files) | {
        f"{model.name}.h": render("model.h.j2", context),
        f"{model.name}.c": render("neon_cell.c.j2", context),
    }
    return replace(made, files=files)


def cell_context(model: WindowChain) -> dict[str, object]:
    """Return everything that the templates name."""
    cell, weights = model.cell, model.classifier.weights
    maps = {"w": cell.w, "u": cell.u}
    classifier = reader(weights, symbol_of(model, weights.name), every_step=False)
    between = max(cell.w_shift, cell.u_shift) - min(cell.w_shift, cell.u_shift)
    first, second = ("w", "u") if cell.w_shift >= cell.u_shift else ("u", "w")
    return {
        "model": model,
        "ranks": {letter: linear.rank for letter, linear in maps.items() if isinstance(linear, LowRank)},
        "requantizers": {
            letter: linear.requantizer for letter, linear in maps.items() if isinstance(linear, LowRank)
        },
        "limits": {"pre": cell.largest_accumulator}
        | {letter: cell.largest_sum(factors(linear)[0]) for letter, linear in maps.items()},
        "panels": {letter: panel_names(model, linear) for letter, linear in maps.items()},
        "order": ((first, 0), (second, between)),
        "late": min(cell.w_shift, cell.u_shift),
        "units": rounded(cell.hidden_size, UNITS),
        "padded": {
            "hidden": rounded(cell.hidden_size, UNITS),
            "top": rounded(cell.hidden_size, COLUMNS),
            "input": rounded(model.input.channels, COLUMNS),
        }
        | {
            f"{letter}_inner": rounded(linear.rank, COLUMNS)
            for letter, linear in maps.items()
            if isinstance(linear, LowRank)
        },
        "classifier": classifier,
        "answered": "state->top",
        "hidden": [],
        "kernels": joined_kernels(("tg_neon_fastgrnn.c", *classifier.kernels)) + definitions([classifier]),
        "arrays": list(arrays_of(model)),
        "bias_type": "I32" if model.classifier.bias.dtype.itemsize == 4 else "I16",
    }


def panel_names(model: WindowChain, linear: LinearMap) -> list[dict[str, object]]:
    """Return of each factor its array and how many blocks of rows and chunks of columns it has."""
    return [
        {
            "symbol": f"{symbol_of(model, tensor.name)}_panels",
            "blocks": rounded(tensor.shape[0], UNITS) // UNITS,
            "chunks": rounded(tensor.shape[1], COLUMNS) // COLUMNS,
        }
        for tensor in factors(linear)
    ]


def arrays_of(model: WindowChain) -> Iterator[ConstantArray]:
    """Return every array, in the order of execution."""
    name, cell = model.name, model.cell
    for field in ("offset", "multiplier"):
        values = padded(getattr(model.input, field), COLUMNS)
        yield ConstantArray(f"{name}_sensor_{field}", values, f"input {field}, one a channel")
    for linear in (cell.w, cell.u):
        for tensor in factors(linear):
            shape = f"{tensor.name}: {tensor.shape[0]} x {tensor.shape[1]}, {tensor.nnz} nonzero"
            yield ConstantArray(f"{symbol_of(model, tensor.name)}_panels", panels(tensor.decode()), shape)
    biases = np.concatenate([padded(cell.bias_gate, UNITS), padded(cell.bias_update, UNITS)])
    yield ConstantArray(f"{name}_biases", biases, "of the gate one a unit, then of the update")
    yield ConstantArray(f"{name}_gate_table", cell.table, "round(256 tanh(i / 8))")
    yield from stream_arrays(model, model.classifier.weights)
    yield ConstantArray(f"{name}_classifier_bias", model.classifier.bias, "one a class")


def padded(values: np.ndarray, to: int) -> np.ndarray:
    """Return values with zeros behind them up to a multiple."""
    return np.pad(values, (0, rounded(len(values), to) - len(values)))


def panels(matrix: np.ndarray) -> np.ndarray:
    """Return int8 values of a matrix in the order that tg_neon_fastgrnn.c tells, zeros beyond its edges.

    >>> panels(np.arange(1, 9).reshape(2, 4))[:12]
    array([1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0], dtype=int8)
    """
    rows, columns = matrix.shape
    high, wide = rounded(rows, UNITS), rounded(columns, COLUMNS)
    whole = np.zeros((high, wide), np.int8)
    whole[:rows, :columns] = matrix
    tiles = whole.reshape(
        high // UNITS, 2, 4, wide // COLUMNS, 4, 4
    )  # block, group, row, chunk, quad, column
    return np.ascontiguousarray(tiles.transpose(0, 3, 1, 4, 2, 5)).ravel()
