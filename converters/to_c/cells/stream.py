"""C99 of a stream of sensor samples through recurrent cells of 16 bits."""

import numpy as np

from converters.to_c.arrays import ConstantArray, stream_arrays, symbol_of
from converters.to_c.cells.code import CellCode, Field
from converters.to_c.cells.fastgrnn import fastgrnn_code
from converters.to_c.cells.gated_cell import gated_cell_code
from converters.to_c.cells.hidden_layer import hidden_layer_code
from converters.to_c.readers import definitions, is_whole, reader
from converters.to_c.runtime_text import joined_kernels
from tinygmp.graph.model import Node
from tinygmp.graph.operators.fastgrnn import FastGrnn
from tinygmp.graph.operators.gated_cell import GatedCell
from tinygmp.graph.window_chain import WindowChain


def cells_context(model: WindowChain) -> dict[str, object]:
    """Return everything that cells.c.j2 and the header name."""
    share = not all(is_whole(tensor) for tensor in model.tensors())
    weights = model.classifier.weights
    classifier = reader(weights, symbol_of(model, weights.name), every_step=False, share=share, wide=True)
    codes: list[CellCode] = []
    entering = "state->input"
    for place, node in enumerate(model.cells):
        codes.append(code_of(model, node, place, entering, share))
        entering = codes[-1].output
    hidden: list[CellCode] = []
    for place, node in enumerate(model.hidden):
        hidden.append(hidden_layer_code(model, node, place, entering, share))
        entering = hidden[-1].output
    everything = [*codes, *hidden]
    readers = [*(each for code in everything for each in code.readers), classifier]
    kernels = (
        "tg_sensor_16.c",
        *(kernel for code in everything for kernel in code.kernels),
        *sorted({kernel for each in readers for kernel in each.kernels}),
    )
    return {
        "model": model,
        "cells": codes,
        "hidden": hidden,
        "definitions": [code.definitions for code in everything],
        "fields": [
            *(field for code in everything for field in code.fields),
            Field("input", model.input.channels),
        ],
        "kernels": joined_kernels(kernels) + definitions(readers),
        "arrays": arrays_of(model, everything),
        "classifier": classifier,
        "answered": entering,
        "bias_type": "I32" if model.classifier.bias.dtype.itemsize == 4 else "I16",
    }


def code_of(model: WindowChain, node: Node, place: int, entering: str, share: bool) -> CellCode:
    if isinstance(node.operator, FastGrnn):
        return fastgrnn_code(model, node, place, entering, share)
    return gated_cell_code(model, node, place, entering, share)


def arrays_of(model: WindowChain, codes: list[CellCode]) -> list[ConstantArray]:
    """Return every array of the model, in the order of execution; one table serves all gates."""
    name = model.name
    arrays = [
        ConstantArray(f"{name}_sensor_{field}", getattr(model.input, field), f"input {field}, one a channel")
        for field in ("offset", "multiplier")
    ]
    for tensor in model.tensors():
        arrays += stream_arrays(model, tensor)
    arrays += [array for code in codes for array in code.arrays]
    arrays.append(ConstantArray(f"{name}_gate_table", table_of(model.cells[0]), "round(256 tanh(i / 8))"))
    arrays.append(ConstantArray(f"{name}_classifier_bias", model.classifier.bias, "one a class"))
    return arrays


def table_of(node: Node) -> np.ndarray:
    operator = node.operator
    assert isinstance(operator, FastGrnn | GatedCell)
    return operator.table
