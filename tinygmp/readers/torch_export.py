"""Any PyTorch module of supported layers, through torch.export to a float graph."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygmp.errors import ConfigError, DataError, UnsupportedError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.graph.operators.window import Window
from tinygmp.readers import gate_order
from tinygmp.readers.builder import SUPPORTED, GraphBuilder
from tinygmp.readers.folding import Sides
from tinygmp.readers.pixel_meaning import HALF, with_normalisation

if TYPE_CHECKING:
    import torch
    from torch import nn


def graph_of_module(
    module: nn.Module, size: int, mean: Sequence[float] = HALF, std: Sequence[float] = HALF
) -> FloatGraph:
    """Return the float graph of a module for square images of `size`, whatever its class is.

    mean, std: by channel, what training subtracted from pixels in 0..1 and divided by. With a mean other than 0.5 the
    zero padding of the first layer becomes a grey of 0.5 instead of the mean, which changes the border only. Raises
    UnsupportedError that names a layer, its place and what is supported.
    """
    if len(mean) != len(std) or min(std) <= 0:
        raise ConfigError(
            f"normalisation: mean {tuple(mean)}, std {tuple(std)}: one of each a channel, std above 0"
        )
    return with_normalisation(exported(module, [(len(mean), size, size)], PixelInput()), mean, std)


def exported(
    module: nn.Module, shapes: Sequence[tuple[int, ...]], pixels: PixelInput | None = None
) -> FloatGraph:
    """Return the float graph of a module that takes an array a shape, as torch counts it, without the batch.

    shapes: (channels, rows, columns), (channels, steps) or (elements,). pixels: what an input that is a map means;
    None: plain reals.
    """
    import torch

    was_training = module.training
    module.eval()
    try:
        program = torch.export.export(module, tuple(torch.zeros(1, *shape) for shape in shapes))
    except Exception as error:
        raise UnsupportedError(
            f"{type(module).__name__} cannot be exported for inputs of {list(shapes)}: {error}; supported: {SUPPORTED}"
        ) from error
    finally:
        module.train(was_training)
    return graph_of_program(type(module).__name__, program, shapes, pixels)


def load_exported(
    path: Path, mean: Sequence[float] | None = HALF, std: Sequence[float] | None = HALF
) -> FloatGraph:
    """Return the float graph of a .pt2 file, which torch.export.save wrote; nothing in it is run.

    mean, std: what maps of 1 or 3 channels were normalised with; None: plain reals. Raises DataError, UnsupportedError.
    """
    import torch

    try:
        program = torch.export.load(path)
        entries = {
            node.name: node.meta["val"].shape for node in program.graph.nodes if node.op == "placeholder"
        }
        shapes = [
            tuple(int(side) for side in entries[name])[1:] for name in program.graph_signature.user_inputs
        ]
    except Exception as error:
        raise DataError(
            f"'{path}' cannot be read as a program of torch.export ({error}); save it again"
        ) from error
    graph = graph_of_program(path.name, program, shapes, None if mean is None else PixelInput())
    return graph if mean is None or std is None else with_normalisation(graph, mean, std)


def graph_of_program(
    origin: str,
    program: torch.export.ExportedProgram,
    shapes: Sequence[tuple[int, ...]],
    pixels: PixelInput | None,
) -> FloatGraph:
    nodes = list(program.graph.nodes)
    uses = Counter(str(read) for node in nodes for read in node.all_input_nodes)
    builder = GraphBuilder(origin, channels_first=True, uses=uses)
    for name, shape in zip(program.graph_signature.user_inputs, shapes, strict=True):
        builder.start(name, channels_last(shape), pixels if len(shape) == 3 else None)
    arrays, last_of = arrays_of(program), set[str]()
    for node in nodes:
        if node.op == "call_function":
            add_operation(Call(builder, arrays, node, last_of))
    return builder.finish(list(program.graph_signature.user_outputs))


def channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) == 3:
        return (shape[1], shape[2], shape[0])
    return (1, shape[1], shape[0]) if len(shape) == 2 else shape


def arrays_of(program: torch.export.ExportedProgram) -> dict[str, np.ndarray]:
    """Return parameters and buffers by the names of their graph inputs."""
    signature = program.graph_signature
    names = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    state = {**dict(program.state_dict), **dict(program.constants)}
    return {name: state[key].detach().cpu().float().numpy() for name, key in names.items()}


class Call:
    """One operation: where it stands, its arguments, and the names that it reads and writes."""

    def __init__(
        self, builder: GraphBuilder, arrays: dict[str, np.ndarray], node: Any, last_of: set[str]
    ) -> None:
        self.builder, self.arrays, self.node = builder, arrays, node
        self.last_of = last_of
        self.written = str(node.name)

    @property
    def read(self) -> str:
        return str(self.node.args[0])

    @property
    def kind(self) -> str:
        """Return 'aten.conv2d' of aten.conv2d.default."""
        if self.node.target is operator.getitem:
            return "getitem"
        return ".".join(str(self.node.target).split(".")[:2])

    @property
    def place(self) -> str:
        """Return the module that the operation belongs to, and its class."""
        stack = list((self.node.meta.get("nn_module_stack") or {"": ("", "the module")}).values())
        place, kind = stack[-1]
        kind = kind if isinstance(kind, str) else kind.__name__
        return f"layer '{place or 'of the module itself'}' ({kind.rsplit('.', 1)[-1]})"

    def array(self, at: int) -> np.ndarray | None:
        given = self.argument(at, None)
        return None if given is None else self.arrays[str(given)]

    def argument(self, at: int, default: Any) -> Any:
        return self.node.args[at] if len(self.node.args) > at else default

    def pair(self, at: int, default: Any) -> tuple[int, int]:
        """Return rows and columns of an argument; one number, of a series, is columns."""
        value = self.argument(at, default)
        if value in ([], None):
            value = default
        series = self.kind.endswith("1d")
        if isinstance(value, int):
            value = [value]
        if series:
            return (1 if default != 0 else 0), value[0]
        return (value[0], value[0]) if len(value) == 1 else (value[0], value[1])

    def unsupported(self, what: str) -> UnsupportedError:
        return self.builder.unsupported(self.place, what)


def add_operation(call: Call) -> None:
    """Take one operation of the graph; raises UnsupportedError with its place."""
    handler = HANDLERS.get(call.kind.rstrip("_"))
    if handler is None:
        raise call.unsupported(f"operation '{call.kind}'")
    handler(call)


def convolution(call: Call) -> None:
    weights, bias = call.array(1), call.array(2)
    assert weights is not None
    weights = weights[:, :, None] if weights.ndim == 3 else weights
    padding, same, sides = call.argument(4, 0), "", (0, 0, 0, 0)
    if padding == "same":
        same = "same"
    elif padding != "valid":
        sides = twice(call.pair(4, 0))
    window = Window((weights.shape[2], weights.shape[3]), call.pair(3, 1), call.pair(5, 1), sides)
    groups = call.argument(6, 1)
    call.builder.convolve(call.place, call.read, call.written, weights, bias, window, same, groups)


def twice(pair: tuple[int, int]) -> Sides:
    return pair[0], pair[0], pair[1], pair[1]


def batch_norm(call: Call) -> None:
    gamma, beta, mean, variance = (call.array(at) for at in (1, 2, 3, 4))
    if mean is None or variance is None:
        raise call.unsupported("a batch norm without running statistics")
    gamma = np.ones_like(mean) if gamma is None else gamma
    beta = np.zeros_like(mean) if beta is None else beta
    epsilon = float(call.node.args[7])
    call.builder.batch_norm(call.place, call.read, call.written, (gamma, beta, mean, variance), epsilon)


def activation(call: Call) -> None:
    fixed = {"aten.relu": (0, None), "aten.relu6": (0, 6)}
    defaults = (-1, 1) if "hardtanh" in call.kind else (None, None)
    given = (call.argument(1, defaults[0]), call.argument(2, defaults[1]))
    low, high = fixed.get(call.kind.rstrip("_"), given)
    call.builder.activate(call.place, call.read, call.written, low, high)


def pad(call: Call) -> None:
    sides = list(call.node.args[1]) + [0] * 4
    value = call.argument(3 if "pad.default" in str(call.node.target) else 2, 0)
    mode = call.argument(2, "constant") if "pad.default" in str(call.node.target) else "constant"
    if value or mode != "constant" or any(sides[4:]):
        raise call.unsupported(f"padding of {call.node.args[1]} with {value or mode}")
    left, right, top, bottom = sides[:4]
    call.builder.pad(call.place, call.read, call.written, (top, bottom, left, right))


def adaptive_average(call: Call) -> None:
    if {*call.pair(1, 1)} != {1}:
        raise call.unsupported(f"an average over {call.node.args[1]}")
    call.builder.global_average(call.place, call.read, call.written)


def mean(call: Call) -> None:
    shape = call.builder.map_shape(call.builder.held(call.place, call.read).value)
    axes = sorted(axis % 4 if axis >= 0 else axis for axis in call.node.args[1])
    if axes not in ([2, 3], [-2, -1]) and not (shape[0] == 1 and axes in ([2], [-1])):
        raise call.unsupported(f"an average over {call.node.args[1]}")
    call.builder.global_average(call.place, call.read, call.written)
    if not call.argument(2, False):
        call.builder.flatten(call.place, call.written, call.written)


def average_pool(call: Call) -> None:
    window = pool_window(call)
    if call.argument(6, None):
        raise call.unsupported("a pool with a divisor of its own")
    counts, rounds_up = call.argument(5, True), call.argument(4, False)
    call.builder.average_pool(
        call.place, call.read, call.written, window, border_counts=counts, rounds_up=rounds_up
    )


def max_pool(call: Call) -> None:
    window = replace(pool_window(call), dilation=call.pair(4, 1))
    call.builder.max_pool(call.place, call.read, call.written, window, rounds_up=call.argument(5, False))


def pool_window(call: Call) -> Window:
    kernel = call.pair(1, 1)
    stride = call.pair(2, call.argument(1, 1))
    return Window(kernel, stride, padding=twice(call.pair(3, 0)))


def linear(call: Call) -> None:
    weights = call.array(1)
    assert weights is not None
    call.builder.fully_connect(call.place, call.read, call.written, weights, call.array(2))


def add(call: Call) -> None:
    one, other = call.node.args[:2]
    if not hasattr(other, "name") or dict(call.node.kwargs).get("alpha", 1) != 1:
        raise call.unsupported("an addition of other than two values")
    call.builder.add(call.place, (str(one), str(other)), call.written)


def join(call: Call) -> None:
    if call.argument(1, 0) != 1:
        raise call.unsupported(f"a join along axis {call.argument(1, 0)}")
    call.builder.concatenate(call.place, [str(part) for part in call.node.args[0]], call.written)


def flatten(call: Call) -> None:
    """Flatten, whatever way it is told: the only change of shape that keeps channels apart."""
    shape = tuple(call.node.meta["val"].shape)[1:] if "val" in call.node.meta else ()
    if len(shape) > 1 and set(shape[1:]) != {1}:
        raise call.unsupported(f"a change of shape to {shape}")
    call.builder.flatten(call.place, call.read, call.written)


def softmax(call: Call) -> None:
    call.builder.softmax(call.place, call.read, call.written)


def nothing(call: Call) -> None:
    """Operations that change no value at inference."""
    call.builder.same(call.place, call.read, call.written)


def zeros(call: Call) -> None:
    """Note the zeros that a cell begins with."""
    call.arrays[call.written] = np.zeros(1, np.float32)


def recur(call: Call) -> None:
    """Take a stack of GRU or LSTM cells that reads [batch, steps, channels]."""
    kind = call.kind.rpartition(".")[2]
    first, parameters, biased, layers = (call.argument(at, None) for at in (1, 2, 3, 4))
    bidirectional, batch_first = call.argument(7, False), call.argument(8, False)
    if bidirectional or not batch_first or not biased or len(parameters) != 4 * layers:
        raise call.unsupported(
            "a cell with two directions, projections, no biases, or steps before the batch,"
        )
    begins = first if isinstance(first, (list, tuple)) else [first]
    if any(np.any(call.arrays.get(str(each), np.ones(1))) for each in begins):
        raise call.unsupported("a first state other than zeros")
    arrays = [call.arrays[str(each)] for each in parameters]
    read = call.read
    for layer in range(layers):
        w, u, bias_w, bias_u = arrays[4 * layer : 4 * layer + 4]
        order = gate_order.TORCH[kind]
        if kind == "gru":
            cell = gate_order.gru(w, u, bias_w, bias_u, order)
        else:
            cell = gate_order.lstm(w, u, bias_w + bias_u, order)
        written = call.written if layer == layers - 1 else f"{call.written}.{layer}"
        call.builder.recur(call.place, read, written, cell)
        read = written


def take(call: Call) -> None:
    """Take one of several results: a cell's outputs of all steps, or its last ones, layer by layer."""
    if not call.builder.is_series(call.read):
        nothing(call)
        return
    call.builder.same_series(call.read, call.written)
    if call.argument(1, 0) == 1:  # the last outputs [layers, batch, hidden]; of LSTM cells 2 holds the cells
        call.last_of.add(call.written)


def select(call: Call) -> None:
    """Take the last step of all, or the last layer of the last outputs."""
    axis, index = call.argument(1, 0), call.argument(2, 0)
    wanted = 0 if call.read in call.last_of else 1
    if not call.builder.is_series(call.read) or (axis, index) != (wanted, -1):
        raise call.unsupported(f"a selection of {index} along axis {axis}, other than a cell's last step")
    call.builder.last_step(call.read, call.written)


HANDLERS: dict[str, Callable[[Call], None]] = {
    "aten.zeros": zeros,
    **dict.fromkeys(("aten.gru", "aten.lstm"), recur),
    "aten.select": select,
    "getitem": take,
    **dict.fromkeys(("aten.conv1d", "aten.conv2d"), convolution),
    "aten.batch_norm": batch_norm,
    **dict.fromkeys(("aten.relu", "aten.relu6", "aten.hardtanh", "aten.clamp"), activation),
    **dict.fromkeys(("aten.pad", "aten.constant_pad_nd"), pad),
    **dict.fromkeys(("aten.adaptive_avg_pool1d", "aten.adaptive_avg_pool2d"), adaptive_average),
    "aten.mean": mean,
    **dict.fromkeys(("aten.avg_pool1d", "aten.avg_pool2d"), average_pool),
    **dict.fromkeys(("aten.max_pool1d", "aten.max_pool2d"), max_pool),
    "aten.linear": linear,
    "aten.add": add,
    **dict.fromkeys(("aten.cat", "aten.concat"), join),
    **dict.fromkeys(("aten.flatten", "aten.view", "aten.reshape", "aten.squeeze"), flatten),
    "aten.softmax": softmax,
    **dict.fromkeys(("aten.dropout", "aten.clone", "aten.contiguous", "aten.detach"), nothing),
}
