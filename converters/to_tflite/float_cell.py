"""The step of recurrent cells in float32: the equations of converters/real_model.py as TFLite operators."""

import numpy as np

from converters.carried import carried, carried_by, next_fraction
from converters.real_model import RealCell, RealLayer, RealMatrix, real_cell, real_ends, real_gated_cell
from converters.to_tflite.flatbuffer import Subgraph, schema
from tinygmp.graph.model import Node
from tinygmp.graph.operators.fastgrnn import FastGrnn
from tinygmp.graph.operators.gated_cell import GatedCell, Lstm
from tinygmp.graph.window_chain import WindowChain

CLIP = schema.ActivationFunctionType.RELU_N1_TO_1
NO_BIAS_VERSION = 6  # of FULLY_CONNECTED: the first that may leave the bias out
NONE = schema.ActivationFunctionType.NONE


class FloatCell:
    """Adds float32 operators to a subgraph for one window at a time; runtimes may resize the batch."""

    def __init__(self, graph: Subgraph, model: WindowChain) -> None:
        self.graph, self.model = graph, model
        self.real = real_ends(model)

    def build(self) -> tuple[dict[str, int], dict[str, int]]:
        """Add the whole step and return its inputs and outputs by name."""
        graph, real = self.graph, self.real
        counts = graph.tensor("counts", (1, real.channels), np.int16)
        inputs, x = {"counts": counts}, self.normalise(counts)
        outputs: dict[str, int] = {}
        states = iter(carried(self.model))
        for node in self.model.cells:
            mine = [next(states) for _ in range(carried_by(node))]
            before = [graph.tensor(f"{each.name}_in", (1, each.size), np.float32) for each in mine]
            names = [f"{each.name}_out" for each in mine]
            after = self.cell(node, x, before, names)
            inputs |= {f"{each.name}_in": at for each, at in zip(mine, before, strict=True)}
            outputs |= dict(zip(names, after, strict=True))
            x = after[0]
            if node is not self.model.cells[-1]:
                x = self.multiply(
                    f"{node.name}.x", x, self.scalar(f"{node.name}.fraction", next_fraction(node))
                )
        for layer in real.hidden:
            x = self.hidden_layer(layer, x)
        bias = graph.constant("classifier.bias", real.classifier_bias.astype(np.float32))
        logits = self.fully_connected("logits", real.classifier, x, bias)
        return inputs, {"logits": logits, **outputs}

    def cell(self, node: Node, x: int, before: list[int], names: list[str]) -> list[int]:
        """Add a cell and return its next states, which get these names."""
        if isinstance(node.operator, FastGrnn):
            return [self.fastgrnn(node.name, real_cell(node.operator), x, before[0], names[0])]
        assert isinstance(node.operator, GatedCell)
        real, name = real_gated_cell(node.operator), node.name
        w = [self.linear(f"{name}.w{gate}", (matrix,), x) for gate, matrix in enumerate(real.w)]
        u = [self.linear(f"{name}.u{gate}", (matrix,), before[0]) for gate, matrix in enumerate(real.u)]
        bias = [self.row(f"{name}.bias{at}", each) for at, each in enumerate(real.bias)]
        if isinstance(node.operator, Lstm):
            pre = [
                self.summed(f"{name}.pre{gate}", *parts)
                for gate, parts in enumerate(zip(w, u, bias, strict=True))
            ]
            i, f, o = (self.activate("LOGISTIC", f"{name}.gate{gate}", pre[gate]) for gate in (0, 1, 3))
            g = self.activate("TANH", f"{name}.gate2", pre[2])
            kept, fresh = self.multiply(f"{name}.kept", f, before[1]), self.multiply(f"{name}.fresh", i, g)
            after = self.add(names[1], kept, fresh)
            return [self.multiply(names[0], o, self.activate("TANH", f"{name}.shown", after)), after]
        r, z = (
            self.activate(
                "LOGISTIC",
                f"{name}.gate{gate}",
                self.summed(f"{name}.pre{gate}", w[gate], u[gate], bias[gate]),
            )
            for gate in (0, 1)
        )
        inner = self.multiply(f"{name}.inner", r, self.add(f"{name}.pre3", u[2], bias[3]))
        n = self.activate("TANH", f"{name}.n", self.summed(f"{name}.pre2", w[2], bias[2], inner))
        moved = self.multiply(f"{name}.moved", z, self.subtract(f"{name}.from_n", before[0], n))
        return [self.add(names[0], n, moved)]

    def hidden_layer(self, layer: RealLayer, x: int) -> int:
        name = layer.matrix.name
        bias = self.graph.constant(f"{name}.bias", layer.bias.astype(np.float32))
        x = self.fully_connected(f"{name}.out", layer.matrix, x, bias)
        for kind, end in (("MAXIMUM", layer.low), ("MINIMUM", layer.high)):
            options = schema.MaximumMinimumOptionsT()
            x = self.elementwise(
                kind, f"{name}.{kind.lower()}", [x, self.scalar(f"{name}.{kind.lower()}.end", end)], options
            )
        return x

    def summed(self, name: str, *parts: int) -> int:
        """Add several values."""
        total = parts[0]
        for at, part in enumerate(parts[1:], 1):
            total = self.add(f"{name}.{at}", total, part)
        return total

    def fastgrnn(self, name: str, real: RealCell, x: int, state: int, written: str) -> int:
        pre = self.add(
            f"{name}.pre", self.linear(f"{name}.w", real.w, x), self.linear(f"{name}.u", real.u, state)
        )
        gate, update = (
            self.row(f"{name}.bias_gate", real.bias_gate),
            self.row(f"{name}.bias_update", real.bias_update),
        )
        z = self.activate("LOGISTIC", f"{name}.z", self.add(f"{name}.gate", pre, gate))
        c = self.activate("TANH", f"{name}.c", self.add(f"{name}.update", pre, update))
        zeta_z = self.multiply(f"{name}.zeta_z", z, self.scalar(f"{name}.zeta", real.zeta))
        gain = self.subtract(f"{name}.gain", self.scalar(f"{name}.zeta_plus_nu", real.zeta + real.nu), zeta_z)
        kept, added = self.multiply(f"{name}.kept", z, state), self.multiply(f"{name}.added", gain, c)
        return self.add(written, kept, added, CLIP)

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
