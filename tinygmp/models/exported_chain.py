"""Any PyTorch module that is a chain of supported layers, read through torch.export into folded weights."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from tinygmp.errors import ConfigError, UnsupportedError
from tinygmp.models.folded_chain import SUPPORTED, FoldedChain
from tinygmp.models.mobilenet_v1_weights import MobileNetWeights
from tinygmp.models.pixel_normalisation import HALF, with_normalisation


def weights_of_module(
    module: nn.Module, size: int, mean: Sequence[float] = HALF, std: Sequence[float] = HALF
) -> MobileNetWeights:
    """Return the folded weights of a module for square images of `size`, whatever its class is.

    mean, std: by channel, what training subtracted from pixels in 0..1 and divided by. With a mean other than 0.5 the
    zero padding of the first layer becomes a grey of 0.5 instead of the mean, which changes the border only. Raises
    UnsupportedError that names a layer, its place and what is supported.
    """
    if len(mean) != len(std) or min(std) <= 0:
        raise ConfigError(
            f"normalisation: mean {tuple(mean)}, std {tuple(std)}: one of each a channel, std above 0"
        )
    was_training = module.training
    module.eval()
    try:
        program = torch.export.export(module, (torch.zeros(1, len(mean), size, size),))
    except Exception as error:
        raise UnsupportedError(
            f"{type(module).__name__} cannot be exported for images of {size} x {size}: {error}; supported: {SUPPORTED}"
        ) from error
    finally:
        module.train(was_training)
    chain = FoldedChain(size, type(module).__name__)
    reader = ExportedReader(arrays_of(program), program.graph_signature.user_inputs[0], chain)
    for node in program.graph.nodes:
        if node.op == "call_function":
            reader.add(node)
    return MobileNetWeights(with_normalisation(chain.finished(), mean, std), size, type(module).__name__)


def arrays_of(program: torch.export.ExportedProgram) -> dict[str, np.ndarray]:
    """Return parameters and buffers by the names of their graph inputs."""
    signature = program.graph_signature
    names = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    state = {**dict(program.state_dict), **dict(program.constants)}
    return {name: state[key].detach().cpu().float().numpy() for name, key in names.items()}


@dataclass
class ExportedReader:
    """Takes operations in order of execution; each must take the result of the one before."""

    arrays: dict[str, np.ndarray]
    last: str
    chain: FoldedChain

    def add(self, node: Any) -> None:
        """Take one operation of the graph; raises UnsupportedError with its place."""
        handler = HANDLERS.get(operation(node))
        if handler is None:
            raise self.unsupported(node, f"operation '{operation(node)}'")
        if str(node.args[0]) != self.last:
            raise self.unsupported(
                node,
                f"operation '{operation(node)}' on something else than the result of the layer before it",
            )
        handler(self, node)
        self.last = node.name

    def array(self, node: Any, at: int) -> np.ndarray | None:
        given = node.args[at] if len(node.args) > at else None
        return None if given is None else self.arrays[str(given)]

    def unsupported(self, node: Any, what: str) -> UnsupportedError:
        return self.chain.unsupported(place_of(node), what)


def convolution(reader: ExportedReader, node: Any) -> None:
    weights, bias = reader.array(node, 1), reader.array(node, 2)
    assert weights is not None
    stride, padding, dilation, groups = (
        argument(node, at, default) for at, default in ((3, 1), (4, 0), (5, 1), (6, 1))
    )
    if pair(dilation) != (1, 1) or pair(stride)[0] != pair(stride)[1] or isinstance(padding, str):
        raise reader.unsupported(
            node, f"a convolution with stride {stride}, dilation {dilation}, padding {padding!r}"
        )
    vertical, horizontal = pair(padding)
    sides = (vertical, vertical, horizontal, horizontal)
    reader.chain.convolve(place_of(node), weights, bias, pair(stride)[0], sides, groups)


def batch_norm(reader: ExportedReader, node: Any) -> None:
    gamma, beta, mean, variance = (reader.array(node, at) for at in (1, 2, 3, 4))
    if mean is None or variance is None:
        raise reader.unsupported(node, "a batch norm without running statistics")
    gamma = np.ones_like(mean) if gamma is None else gamma
    beta = np.zeros_like(mean) if beta is None else beta
    reader.chain.batch_norm(place_of(node), (gamma, beta, mean, variance), float(node.args[7]))


def activation(reader: ExportedReader, node: Any) -> None:
    fixed = {"aten.relu": (0, None), "aten.relu6": (0, 6)}
    defaults = (-1, 1) if "hardtanh" in operation(node) else (None, None)
    given = (argument(node, 1, defaults[0]), argument(node, 2, defaults[1]))
    low, high = fixed.get(operation(node).rstrip("_"), given)
    reader.chain.activate(place_of(node), -np.inf if low is None else low, high)


def pad(reader: ExportedReader, node: Any) -> None:
    sides, value = (
        list(node.args[1]) + [0] * 4,
        argument(node, 3 if "pad.default" in str(node.target) else 2, 0),
    )
    if value or any(sides[4:]):
        raise reader.unsupported(node, f"padding of {node.args[1]} with {value}")
    left, right, top, bottom = sides[:4]
    reader.chain.pad(place_of(node), (top, bottom, left, right))


def pool(reader: ExportedReader, node: Any) -> None:
    whole = (
        pair(node.args[1]) == (1, 1)
        if "adaptive" in operation(node)
        else sorted(a % 4 for a in node.args[1]) == [2, 3]
    )
    if not whole:
        raise reader.unsupported(node, f"an average over {node.args[1]}")
    reader.chain.pool(place_of(node))


def linear(reader: ExportedReader, node: Any) -> None:
    weights, bias = reader.array(node, 1), reader.array(node, 2)
    assert weights is not None
    bias = np.zeros(len(weights), np.float32) if bias is None else bias
    reader.chain.classify(place_of(node), weights, bias)


def nothing(reader: ExportedReader, node: Any) -> None:
    """Operations that change no value: flatten after the pool, dropout at inference."""
    if not reader.chain.pooled and "dropout" not in operation(node):
        raise reader.unsupported(node, f"operation '{operation(node)}' before the average")


HANDLERS: dict[str, Callable[[ExportedReader, Any], None]] = {
    "aten.conv2d": convolution,
    "aten.batch_norm": batch_norm,
    **dict.fromkeys(("aten.relu", "aten.relu_", "aten.relu6", "aten.relu6_"), activation),
    **dict.fromkeys(("aten.hardtanh", "aten.hardtanh_", "aten.clamp", "aten.clamp_"), activation),
    **dict.fromkeys(("aten.pad", "aten.constant_pad_nd"), pad),
    **dict.fromkeys(("aten.adaptive_avg_pool2d", "aten.mean"), pool),
    "aten.linear": linear,
    **dict.fromkeys(("aten.flatten", "aten.view", "aten.reshape", "aten.squeeze"), nothing),
    **dict.fromkeys(("aten.dropout", "aten.dropout_"), nothing),
}


def operation(node: Any) -> str:
    """Return 'aten.conv2d' of aten.conv2d.default."""
    if node.target is operator.getitem:
        return "getitem"
    return ".".join(str(node.target).split(".")[:2])


def argument(node: Any, at: int, default: Any) -> Any:
    return node.args[at] if len(node.args) > at else default


def pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    return (value[0], value[0]) if len(value) == 1 else (value[0], value[1])


def place_of(node: Any) -> str:
    """Return the module that an operation belongs to, and its class."""
    stack = list((node.meta.get("nn_module_stack") or {"": ("", "the module")}).values())
    place, kind = stack[-1]
    kind = kind if isinstance(kind, str) else kind.__name__
    return f"layer '{place or 'of the module itself'}' ({kind.rsplit('.', 1)[-1]})"
