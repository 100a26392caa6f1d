"""Constant arrays of the generated source: exactly the bytes of the payload."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinygmp.graph.model import PackedModel
from tinygmp.graph.window_chain import WindowChain
from tinygmp.sparse.tensor import PackedTensor

C_TYPES = {"uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "uint16": "uint16_t", "int32": "int32_t"}


@dataclass(frozen=True)
class ConstantArray:
    """One array in flash."""

    symbol: str
    values: np.ndarray
    comment: str

    @property
    def c_type(self) -> str:
        return C_TYPES[self.values.dtype.name]

    @property
    def lines(self) -> list[str]:
        """Return the initialisers, at most 100 characters a line."""
        lines, line = [], ""
        for value in self.values.tolist():
            text = f"{value},"
            if len(line) + len(text) + 1 > 100:
                lines.append(line)
                line = text
            else:
                line = f"{line} {text}" if line else text
        return [*lines, line]


PUBLIC = (
    "init",
    "step",
    "predict",
    "classify",
    "answer",
    "run",
    "state",
    "scratch",
)  # <model>_... that the header declares


def symbol_of(model: PackedModel | WindowChain, tensor_name: str) -> str:
    """Return a C identifier: 'rnn.U' of model har2 -> har2_rnn_u."""
    name = tensor_name.replace(".", "_").lower()
    return f"{model.name}_{name}_" if name in PUBLIC else f"{model.name}_{name}"


def constant_arrays(model: WindowChain) -> list[ConstantArray]:
    """Return every array of the model, in the order of execution."""
    arrays = []
    for field in ("offset", "multiplier"):
        values = getattr(model.input, field)
        arrays.append(ConstantArray(f"{model.name}_sensor_{field}", values, f"input {field}, one a channel"))
    for tensor in model.tensors():
        arrays += stream_arrays(model, tensor)
    for field in ("bias_gate", "bias_update"):
        values = getattr(model.cell, field)
        arrays.append(ConstantArray(f"{model.name}_{field}", values, "one a hidden unit"))
    arrays.append(ConstantArray(f"{model.name}_gate_table", model.cell.table, "round(256 tanh(i / 8))"))
    arrays.append(ConstantArray(f"{model.name}_classifier_bias", model.classifier.bias, "one a class"))
    return arrays


def centroids(model: PackedModel) -> ConstantArray | None:
    """Return the states that 'none of these' is told from, class after class; None for a model that rejects nothing."""
    if model.reject is None:
        return None
    values = model.reject.centroids.reshape(-1)
    return ConstantArray(
        f"{model.name}_reject_centroids", values, "mean state of each class, its upper bytes"
    )


def stream_arrays(model: PackedModel | WindowChain, tensor: PackedTensor) -> Iterator[ConstantArray]:
    symbol = symbol_of(model, tensor.name)
    shape = f"{tensor.shape[0]} x {tensor.shape[1]}, {tensor.nnz} nonzero, {tensor.index_format}"
    if "index" in tensor.streams:
        yield ConstantArray(f"{symbol}_index", tensor.streams["index"], f"{tensor.name}: {shape}")
    # C has no empty arrays; a tensor without survivors never reads this byte.
    values = tensor.streams["values"].view(np.int8 if tensor.value_format == "int8" else np.uint8)
    values = values if len(values) else np.zeros(1, values.dtype)
    yield ConstantArray(f"{symbol}_values", values, f"{tensor.name}: {tensor.value_format} values")
    if "codebook" in tensor.streams:
        codebook = tensor.streams["codebook"].view(np.int8)
        codebook = codebook if len(codebook) else np.zeros(1, np.int8)
        yield ConstantArray(f"{symbol}_codebook", codebook, f"{tensor.name}: what its codes select")
