"""The step of recurrent cells with int8 weights and int16 activations: the same equations, with our own scales.

All zero points are 0. The state has ONE scale, that of the integer reference: state_out may be copied to
state_in byte for byte, and its integers are the C code's; so are those of x, of int8 cells -127..127 in an
int16 tensor. Both are clipped by the operator that makes them; the inner vector of a low-rank map saturates at
32767, which is 1.
"""

import numpy as np

from converters.carried import carried, carried_by, next_fraction
from converters.real_model import (
    RealCell,
    RealGatedCell,
    RealLayer,
    RealMatrix,
    real_cell,
    real_ends,
    real_gated_cell,
)
from converters.to_tflite.flatbuffer import Subgraph, schema
from tinygmp.graph.model import Node
from tinygmp.graph.operators.fastgrnn import STATE_LIMIT, FastGrnn
from tinygmp.graph.operators.gated_cell import GatedCell, Lstm
from tinygmp.graph.window_chain import WindowChain
from tinygmp.quant.requantize import INT16_MAX

CLIP = schema.ActivationFunctionType.RELU_N1_TO_1
FRACTION = 1 / INT16_MAX  # scale of values in -1..1
GATE = 1 / 32768  # what LOGISTIC and TANH must answer in
PRE = 2.0**-11  # -16..16, the range of the reference's pre-activation
ACTIVATION_INPUT = (
    2.0**-12
)  # -8..8: sigmoid and tanh are flat beyond, and their int16 kernels take a power of two
STATE = 1 / STATE_LIMIT
# The first version of each operator with an int16 kernel for general scales.
VERSIONS = {
    "FULLY_CONNECTED": 7,
    "ADD": 3,
    "SUB": 5,
    "MUL": 4,
    "LOGISTIC": 3,
    "TANH": 3,
    "MAXIMUM": 2,
    "MINIMUM": 2,
}


class Int16x8Cell:
    """Adds int16x8 operators to a subgraph for one window at a time; runtimes may resize the batch."""

    def __init__(self, graph: Subgraph, model: WindowChain) -> None:
        self.graph, self.model = graph, model
        self.real = real_ends(model)

    def build(self) -> tuple[dict[str, int], dict[str, int]]:
        """Add the whole step and return its inputs and outputs by name."""
        graph, real = self.graph, self.real
        counts = graph.tensor("counts", (1, real.channels), np.int16, 1.0)
        inputs, x = {"counts": counts}, self.normalise(counts)
        outputs: dict[str, int] = {}
        states = iter(carried(self.model))
        for node in self.model.cells:
            mine = [next(states) for _ in range(carried_by(node))]
            scales = [STATE] if isinstance(node.operator, FastGrnn) else [each.scale for each in mine]
            before = [
                graph.tensor(f"{each.name}_in", (1, each.size), np.int16, scale)
                for each, scale in zip(mine, scales, strict=True)
            ]
            names = [f"{each.name}_out" for each in mine]
            after = self.cell(node, x, before, names, scales)
            inputs |= {f"{each.name}_in": at for each, at in zip(mine, before, strict=True)}
            outputs |= dict(zip(names, after, strict=True))
            x = after[0]
            if node is not self.model.cells[-1]:
                fraction = next_fraction(node)
                factor = self.row(f"{node.name}.fraction", np.array([fraction]), fraction / INT16_MAX)
                x = self.multiply(f"{node.name}.x", x, factor, FRACTION)
        for layer in self.real.hidden:
            x = self.hidden_layer(layer, x)
        return inputs, {"logits": self.classify(x), **outputs}

    def hidden_layer(self, layer: RealLayer, x: int) -> int:
        """Add a matrix; its output saturates at 1, the other end is a ReLU's or none."""
        name, bias_scale = layer.matrix.name, self.scale_of(x) * layer.matrix.unit
        bias = self.graph.constant(
            f"{name}.bias", np.rint(layer.bias / bias_scale).astype(np.int64), bias_scale
        )
        x = self.fully_connected(f"{name}.out", layer.matrix, x, [bias], FRACTION)
        for kind, end in (("MAXIMUM", layer.low), ("MINIMUM", layer.high)):
            if abs(end) < 1:
                options = schema.MaximumMinimumOptionsT()
                x = self.elementwise(
                    kind,
                    f"{name}.{kind.lower()}",
                    [x, self.row(f"{name}.{kind.lower()}.end", np.array([end]), FRACTION)],
                    FRACTION,
                    options,
                )
        return x

    def cell(self, node: Node, x: int, before: list[int], names: list[str], scales: list[float]) -> list[int]:
        """Add a cell and return its next states, which get these names and scales."""
        if isinstance(node.operator, FastGrnn):
            return [self.fastgrnn(node.name, real_cell(node.operator), x, before[0], names[0])]
        assert isinstance(node.operator, GatedCell)
        real, name = real_gated_cell(node.operator), node.name
        w = [self.linear(f"{name}.w{gate}", (matrix,), x) for gate, matrix in enumerate(real.w)]
        u = [self.linear(f"{name}.u{gate}", (matrix,), before[0]) for gate, matrix in enumerate(real.u)]
        if isinstance(node.operator, Lstm):
            return self.lstm(name, real, w, u, before, names, scales)
        gates = []
        for gate in (0, 1):
            pre = self.add(f"{name}.pre{gate}", w[gate], u[gate], PRE)
            gates.append(
                self.activate("LOGISTIC", f"{name}.gate{gate}", pre, f"{name}.bias{gate}", real.bias[gate])
            )
        r, z = gates
        own = self.add(f"{name}.pre3", u[2], self.row(f"{name}.bias3", real.bias[3], PRE), PRE)
        pre = self.add(f"{name}.pre2", w[2], self.multiply(f"{name}.inner", r, own, PRE), PRE)
        n = self.activate("TANH", f"{name}.n", pre, f"{name}.bias2", real.bias[2])
        moved = self.multiply(
            f"{name}.moved", z, self.subtract(f"{name}.from_n", before[0], n, 2 * scales[0]), 2 * scales[0]
        )
        return [self.add(names[0], n, moved, scales[0])]

    def lstm(
        self, name: str, real: RealGatedCell, w: list[int], u: list[int], before: list[int], names: list[str],
        scales: list[float],
    ) -> list[int]:  # fmt: skip
        gates = []
        for gate in range(4):
            pre = self.add(f"{name}.pre{gate}", w[gate], u[gate], PRE)
            kind = "TANH" if gate == 2 else "LOGISTIC"
            gates.append(
                self.activate(kind, f"{name}.gate{gate}", pre, f"{name}.bias{gate}", real.bias[gate])
            )
        i, f, g, o = gates
        kept, fresh = (
            self.multiply(f"{name}.kept", f, before[1], scales[1]),
            self.multiply(f"{name}.fresh", i, g, FRACTION),
        )
        after = self.add(names[1], kept, fresh, scales[1])
        shown = self.elementwise("TANH", f"{name}.shown", [after], GATE, None)
        return [self.multiply(names[0], o, shown, scales[0]), after]

    def fastgrnn(self, name: str, real: RealCell, x: int, state: int, written: str) -> int:
        products = self.linear(f"{name}.w", real.w, x), self.linear(f"{name}.u", real.u, state)
        pre = self.add(f"{name}.pre", *products, PRE)
        z = self.activate("LOGISTIC", f"{name}.z", pre, f"{name}.bias_gate", real.bias_gate)
        c = self.activate("TANH", f"{name}.c", pre, f"{name}.bias_update", real.bias_update)
        kept = self.multiply(f"{name}.kept", z, state, STATE)
        added = self.multiply(f"{name}.added", self.update_gain(name, real, z), c, STATE)
        return self.add(written, kept, added, STATE, CLIP)

    def normalise(self, counts: int) -> int:
        """Subtract the offset exactly, then round to the int8 units of the reference."""
        real = self.real
        offset = self.graph.constant("sensor.offset", real.offset.astype(np.int16)[None, :], 1.0)
        centred = self.subtract("centred", counts, offset, 1.0)
        gain = real.input_gain / real.input_limit
        factor = self.row("sensor.gain", gain, float(gain.max()) / INT16_MAX)
        return self.multiply("x", centred, factor, 1 / real.input_limit, CLIP)

    def linear(self, name: str, matrices: tuple[RealMatrix, ...], x: int) -> int:
        """Multiply by one matrix or two factors; the product's scale holds the largest possible sum."""
        for position, matrix in enumerate(matrices):
            is_last = position == len(matrices) - 1
            scale = max(PRE, largest_row_sum(matrix) / INT16_MAX) if is_last else FRACTION
            x = self.fully_connected(f"{name}.{position}", matrix, x, [], scale)
        return x

    def update_gain(self, name: str, real: RealCell, z: int) -> int:
        """Return zeta * (1 - z) + nu."""
        largest = real.zeta + real.nu
        scale = largest / INT16_MAX
        zeta_z = self.multiply(
            f"{name}.zeta_z", z, self.row(f"{name}.zeta", np.array([real.zeta]), scale), scale
        )
        return self.subtract(
            f"{name}.gain", self.row(f"{name}.zeta_plus_nu", np.array([largest]), scale), zeta_z, scale
        )

    def classify(self, state: int) -> int:
        """Return the logits in the finest int16 scale that the largest possible logit allows."""
        real = self.real
        bound = largest_row_sum(real.classifier) + float(np.abs(real.classifier_bias).max())
        scale = bound / INT16_MAX or 1.0
        bias_scale = self.scale_of(state) * real.classifier.unit
        bias = np.rint(real.classifier_bias / bias_scale).astype(np.int64)
        bias_index = self.graph.constant("classifier.bias", bias, bias_scale)
        return self.fully_connected("logits", real.classifier, state, [bias_index], scale)

    def scale_of(self, tensor: int) -> float:
        return float(self.graph.tensors[tensor].quantization.scale[0])

    def fully_connected(self, name: str, matrix: RealMatrix, x: int, bias: list[int], scale: float) -> int:
        output = self.graph.tensor(name, (1, matrix.q.shape[0]), np.int16, scale)
        weights = self.graph.constant(matrix.name, matrix.q, matrix.unit)
        options = schema.FullyConnectedOptionsT()
        return self.operator("FULLY_CONNECTED", [x, weights, *bias], output, options)

    def activate(self, kind: str, name: str, pre: int, bias_name: str, bias: np.ndarray) -> int:
        biased = self.add(f"{name}.in", pre, self.row(bias_name, bias, PRE), ACTIVATION_INPUT)
        return self.elementwise(kind, name, [biased], GATE, None)

    def add(self, name: str, left: int, right: int, scale: float, activation: int = 0) -> int:
        options = schema.AddOptionsT()
        options.fusedActivationFunction = activation
        options.potScaleInt16 = False
        return self.elementwise("ADD", name, [left, right], scale, options)

    def subtract(self, name: str, left: int, right: int, scale: float) -> int:
        options = schema.SubOptionsT()
        options.potScaleInt16 = False
        return self.elementwise("SUB", name, [left, right], scale, options)

    def multiply(self, name: str, left: int, right: int, scale: float, activation: int = 0) -> int:
        options = schema.MulOptionsT()
        options.fusedActivationFunction = activation
        return self.elementwise("MUL", name, [left, right], scale, options)

    def elementwise(self, kind: str, name: str, inputs: list[int], scale: float, options: object) -> int:
        width = max(self.graph.tensors[index].shape[1] for index in inputs)
        output = self.graph.tensor(name, (1, width), np.int16, scale)
        return self.operator(kind, inputs, output, options)

    def operator(self, kind: str, inputs: list[int], output: int, options: object) -> int:
        return self.graph.operator(kind, VERSIONS[kind], inputs, output, options)

    def row(self, name: str, values: np.ndarray, scale: float) -> int:
        q = np.clip(np.rint(np.asarray(values) / scale), -INT16_MAX, INT16_MAX).astype(np.int16)
        return self.graph.constant(name, q[None, :], scale)


def largest_row_sum(matrix: RealMatrix) -> float:
    """Return the largest magnitude that a row can answer for inputs in -1..1."""
    return float(np.abs(matrix.q.astype(np.float64)).sum(axis=1).max()) * matrix.unit
