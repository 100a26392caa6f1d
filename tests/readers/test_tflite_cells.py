"""TFLite's fused LSTM operator, as converters wrote it until Keras 3, answers as LiteRT does."""

import numpy as np
import pytest

from converters.to_tflite.flatbuffer import Subgraph, schema, serialise
from tinygmp.errors import UnsupportedError
from tinygmp.projects.pack_file import PackWish, pack_file
from tinygmp.readers.tflite import load_tflite

STEPS, CHANNELS = 20, 3
X = np.random.default_rng(0).normal(size=(6, STEPS, CHANNELS)).astype(np.float32)


class File:
    """A network of LSTM operators, the last step and a matrix."""

    def __init__(self, time_first: bool = False) -> None:
        self.graph, self.rng, self.time_first = Subgraph(), np.random.default_rng(1), time_first
        self.given = self.x = self.graph.tensor("x", (1, STEPS, CHANNELS), np.float32)
        if time_first:
            self.x = self.transposed(self.x, (STEPS, 1, CHANNELS))

    def array(self, name: str, *shape: int) -> int:
        return self.graph.constant(name, self.rng.normal(0, 0.4, shape).astype(np.float32))

    def transposed(self, x: int, shape: tuple[int, ...]) -> int:
        order = self.graph.constant("order", np.array([1, 0, 2], np.int32))
        turned = self.graph.tensor("turned", shape, np.float32)
        return self.graph.operator("TRANSPOSE", 1, [x, order], turned, schema.TransposeOptionsT())

    def lstm(self, name: str, inputs: int, units: int, biased: bool = True, clip: float = 0.0, **extra: int):
        parts = [self.x, *(self.array(f"{name}.w{gate}", units, inputs) for gate in "ifgo")]
        parts += [self.array(f"{name}.u{gate}", units, units) for gate in "ifgo"]
        parts += [extra.get("peephole", -1)] * 3
        parts += [self.array(f"{name}.b{gate}", units) if biased else self.zeros(units) for gate in "ifgo"]
        parts += [-1, -1, self.state(f"{name}.h", units), self.state(f"{name}.c", units), *[-1] * 4]
        options = schema.UnidirectionalSequenceLSTMOptionsT()
        options.fusedActivationFunction = schema.ActivationFunctionType.TANH
        options.timeMajor, options.cellClip = self.time_first, clip
        shape = (STEPS, 1, units) if self.time_first else (1, STEPS, units)
        self.x = self.graph.operator(
            "UNIDIRECTIONAL_SEQUENCE_LSTM", 1, parts, self.graph.tensor(name, shape, np.float32), options
        )
        return self

    def zeros(self, units: int) -> int:
        return self.graph.constant("zeros", np.zeros(units, np.float32))

    def state(self, name: str, units: int) -> int:
        index = self.graph.tensor(name, (1, units), np.float32)
        self.graph.tensors[index].isVariable = True
        return index

    def bytes_of(self, units: int, step: int = -1) -> bytes:
        """Return the file with the answer behind one step of the last cell."""
        axis, graph = (0 if self.time_first else 1), self.graph
        begin, end, strides = ([0, 0, 0], [0, 0, 0], [1, 1, 1])
        begin[axis] = step
        bounds = [
            graph.constant(f"bound{at}", np.array(each, np.int32))
            for at, each in enumerate((begin, end, strides))
        ]
        options = schema.StridedSliceOptionsT()
        options.beginMask = options.endMask = 0b111 & ~(1 << axis)
        options.shrinkAxisMask = 1 << axis
        last = graph.tensor("last", (1, units), np.float32)
        graph.operator("STRIDED_SLICE", 1, [self.x, *bounds], last, options)
        parts = [last, self.array("fc.w", 4, units), self.array("fc.b", 4)]
        answer = graph.tensor("y", (1, 4), np.float32)
        graph.operator("FULLY_CONNECTED", 1, parts, answer, schema.FullyConnectedOptionsT())
        return serialise(graph, {"x": self.given}, {"y": answer}, {})


def litert(content: bytes) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    answers = []
    for x in X:
        interpreter = Interpreter(model_content=content)  # anew, so that the state begins with zeros
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x[None])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])
    return np.array(answers)


@pytest.mark.parametrize("time_first", [False, True])
@pytest.mark.parametrize("step", [-1, STEPS - 1])
def test_one_and_two_cells(time_first, step, tmp_path):
    for content in (
        File(time_first).lstm("a", CHANNELS, 8).bytes_of(8, step),
        File(time_first).lstm("a", CHANNELS, 8, biased=False).lstm("b", 8, 5).bytes_of(5, step),
    ):
        (tmp_path / "net.tflite").write_bytes(content)
        found = load_tflite(tmp_path / "net.tflite", None).logits(X)
        np.testing.assert_allclose(found, litert(content), atol=1e-5)


def test_one_command_packs_it(tmp_path):
    (tmp_path / "net.tflite").write_bytes(File().lstm("a", CHANNELS, 8).bytes_of(8))
    windows = np.random.default_rng(2).normal(size=(120, STEPS, CHANNELS)).astype(np.float32)
    np.save(tmp_path / "x.npy", windows)
    packed = pack_file(tmp_path / "net.tflite", tmp_path / "x.npy", PackWish(counts_per_unit=(1000.0,)))
    assert packed.fidelity.output_error < 0.05  # random weights: two classes may lie nearer than that
    assert packed.refused == {}


def test_other_cells_are_refused(tmp_path):
    peephole = File()
    peephole.lstm("a", CHANNELS, 8, peephole=peephole.array("peep", 8))
    for content, told in (
        (peephole.bytes_of(8), "peepholes, a projection"),
        (File().lstm("a", CHANNELS, 8, clip=1.0).bytes_of(8), "another activation than tanh, or with a clip"),
        (File().lstm("a", CHANNELS, 8).bytes_of(8, step=3), "other than the last one"),
    ):
        (tmp_path / "net.tflite").write_bytes(content)
        with pytest.raises(UnsupportedError, match=told):
            load_tflite(tmp_path / "net.tflite", None)


def test_a_loop_names_the_file_to_give(tmp_path):
    file = File()
    condition = file.graph.tensor("again", (1, STEPS, CHANNELS), np.float32)
    file.graph.operator("WHILE", 1, [file.x], condition, schema.WhileOptionsT())
    file.x = condition
    (tmp_path / "net.tflite").write_bytes(file.lstm("a", CHANNELS, 8).bytes_of(8))
    with pytest.raises(UnsupportedError, match=r"\(WHILE\): a loop.*give the network's \.keras file"):
        load_tflite(tmp_path / "net.tflite", None)
