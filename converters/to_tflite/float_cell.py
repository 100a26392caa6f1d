"""The FastGRNN step in float32: the equations of converters/real_model.py as TFLite operators."""

import numpy as np

from converters.real_model import RealMatrix, RealModel
from converters.to_tflite.flatbuffer import Subgraph, schema

CLIP = schema.ActivationFunctionType.RELU_N1_TO_1
NO_BIAS_VERSION = 6  # of FULLY_CONNECTED: the first that may leave the bias out
NONE = schema.ActivationFunctionType.NONE


class FloatCell:
    """Adds float32 operators to a subgraph for one window at a time; runtimes may resize the batch."""

    def __init__(self, graph: Subgraph, real: RealModel) -> None:
        self.graph = graph
        self.real = real

    def build(self) -> tuple[dict[str, int], dict[str, int]]:
        """Add the whole step and return its inputs and outputs by name."""
        graph, real = self.graph, self.real
        counts = graph.tensor("counts", (1, real.channels), np.int16)
        state = graph.tensor("state_in", (1, real.hidden_size), np.float32)
        pre = self.add(
            "pre", self.linear("w", real.w, self.normalise(counts)), self.linear("u", real.u, state)
        )
        z = self.activate("LOGISTIC", "z", self.add("gate", pre, self.row("bias_gate", real.bias_gate)))
        c = self.activate("TANH", "c", self.add("update", pre, self.row("bias_update", real.bias_update)))
        gain = self.subtract("gain", self.scalar("zeta_plus_nu", real.zeta + real.nu), self.zeta_times(z))
        kept, added = self.multiply("kept", z, state), self.multiply("added", gain, c)
        next_state = self.add("state_out", kept, added, CLIP)
        bias = graph.constant("classifier.bias", real.classifier_bias.astype(np.float32))
        logits = self.fully_connected("logits", real.classifier, next_state, bias)
        return {"counts": counts, "state_in": state}, {"logits": logits, "state_out": next_state}

    def normalise(self, counts: int) -> int:
        real = self.real
        wide = self.graph.tensor("wide", (1, real.channels), np.float32)
        self.graph.operator("CAST", 1, [counts], wide, schema.CastOptionsT())
        centred = self.subtract("centred", wide, self.row("sensor.offset", real.offset))
        scaled = self.multiply("scaled", centred, self.row("sensor.gain", real.input_gain))
        rounded = self.activate("ROUND", "rounded", scaled)
        return self.multiply("x", rounded, self.scalar("sensor.unit", 1 / real.input_limit), CLIP)

    def linear(self, name: str, matrices: tuple[RealMatrix, ...], x: int) -> int:
        for position, matrix in enumerate(matrices):
            is_last = position == len(matrices) - 1
            x = self.fully_connected(f"{name}.{position}", matrix, x, None, NONE if is_last else CLIP)
        return x

    def zeta_times(self, z: int) -> int:
        return self.multiply("zeta_z", z, self.scalar("zeta", self.real.zeta))

    def fully_connected(
        self, name: str, matrix: RealMatrix, x: int, bias: int | None, activation: int = NONE
    ) -> int:
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = activation
        output = self.graph.tensor(name, (1, matrix.q.shape[0]), np.float32)
        weights = self.graph.constant(matrix.name, matrix.float32)
        if bias is None:
            return self.graph.operator("FULLY_CONNECTED", NO_BIAS_VERSION, [x, weights], output, options)
        return self.graph.operator("FULLY_CONNECTED", 1, [x, weights, bias], output, options)

    def add(self, name: str, left: int, right: int, activation: int = NONE) -> int:
        options = schema.AddOptionsT()
        options.fusedActivationFunction = activation
        return self.elementwise("ADD", name, [left, right], options)

    def subtract(self, name: str, left: int, right: int) -> int:
        return self.elementwise("SUB", name, [left, right], schema.SubOptionsT())

    def multiply(self, name: str, left: int, right: int, activation: int = NONE) -> int:
        options = schema.MulOptionsT()
        options.fusedActivationFunction = activation
        return self.elementwise("MUL", name, [left, right], options)

    def activate(self, kind: str, name: str, x: int) -> int:
        return self.elementwise(kind, name, [x], None)

    def elementwise(self, kind: str, name: str, inputs: list[int], options: object) -> int:
        width = max(self.graph.tensors[index].shape[1] for index in inputs)
        output = self.graph.tensor(name, (1, width), np.float32)
        return self.graph.operator(kind, 1, inputs, output, options)

    def row(self, name: str, values: np.ndarray) -> int:
        return self.graph.constant(name, np.asarray(values, np.float32)[None, :])

    def scalar(self, name: str, number: float) -> int:
        return self.row(name, np.array([number]))
