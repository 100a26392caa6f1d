"""Any PyTorch module that is a chain of supported layers, read through torch.export into folded weights."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from tinygmp.errors import ConfigError, UnsupportedError
from tinygmp.models.mobilenet_v1_weights import FoldedLayer, MobileNetWeights, fold_batch_norm

SUPPORTED = (
    "Conv2d (square, dense or depthwise), BatchNorm2d after it, ReLU, ReLU6, zero padding, Dropout, Identity, one "
    "global average pool, flatten, one Linear at the end"
)
HALF = (0.5, 0.5, 0.5)


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
    chain = Chain(arrays_of(program), program.graph_signature.user_inputs[0])
    for node in program.graph.nodes:
        if node.op == "call_function":
            chain.add(node)
    return MobileNetWeights(with_normalisation(chain.finished(), mean, std), size, type(module).__name__)


def arrays_of(program: torch.export.ExportedProgram) -> dict[str, np.ndarray]:
    """Return parameters and buffers by the names of their graph inputs."""
    signature = program.graph_signature
    names = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    state = {**dict(program.state_dict), **dict(program.constants)}
    return {name: state[key].detach().cpu().float().numpy() for name, key in names.items()}


@dataclass
class Chain:
    """Layers in order of execution; each operation must take the result of the one before."""

    arrays: dict[str, np.ndarray]
    last: str
    layers: list[FoldedLayer] = field(default_factory=list)
    convolution: np.ndarray | None = None  # OIHW of the newest layer, until it is closed
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    pooled: bool = False

    def add(self, node: Any) -> None:
        """Take one operation of the graph; raises UnsupportedError with its place."""
        handler = HANDLERS.get(operation(node))
        if handler is None:
            raise unsupported(node, f"operation '{operation(node)}' is not supported")
        if str(node.args[0]) != self.last:
            raise unsupported(
                node, "takes something else than the result of the layer before it; only chains are packed"
            )
        handler(self, node)
        self.last = node.name

    def finished(self) -> tuple[FoldedLayer, ...]:
        if not self.layers or self.layers[-1].name != "fc":
            raise UnsupportedError(f"the module does not end in a Linear layer; supported: {SUPPORTED}")
        return tuple(self.layers)

    def array(self, node: Any, at: int) -> np.ndarray | None:
        given = node.args[at] if len(node.args) > at else None
        return None if given is None else self.arrays[str(given)]


def convolution(chain: Chain, node: Any) -> None:
    weights, bias = chain.array(node, 1), chain.array(node, 2)
    assert weights is not None
    stride, padding, dilation, groups = (
        argument(node, at, default) for at, default in ((3, 1), (4, 0), (5, 1), (6, 1))
    )
    outputs, inputs, height, width = weights.shape
    depthwise = groups > 1 and groups == outputs and inputs == 1
    if chain.pooled:
        raise unsupported(node, "comes after the pool")
    if (
        height != width
        or pair(dilation) != (1, 1)
        or pair(stride)[0] != pair(stride)[1]
        or isinstance(padding, str)
    ):
        raise unsupported(
            node, f"kernel {height} x {width}, stride {stride}, dilation {dilation}, padding {padding!r}"
        )
    if groups > 1 and not depthwise:
        raise unsupported(
            node, f"{groups} groups over {outputs} channels: dense or one filter a channel only"
        )
    vertical, horizontal = pair(padding)
    sides = tuple(
        a + b for a, b in zip(chain.padding, (vertical, vertical, horizontal, horizontal), strict=True)
    )
    chain.padding = (0, 0, 0, 0)
    chain.layers.append(
        FoldedLayer(
            name=f"{'dw' if depthwise else 'conv'}{len(chain.layers)}",
            weights=flat(weights),
            bias=bias if bias is not None else np.zeros(outputs, np.float32),
            kernel=height,
            stride=pair(stride)[0],
            padding=(sides[0], sides[1], sides[2], sides[3]),
            activation="none",
        )
    )
    chain.convolution = weights


def batch_norm(chain: Chain, node: Any) -> None:
    if chain.convolution is None:
        raise unsupported(node, "does not stand right after a convolution")
    gamma, beta, mean, variance = (chain.array(node, at) for at in (1, 2, 3, 4))
    if mean is None or variance is None:
        raise unsupported(node, "keeps no running statistics")
    gamma = np.ones_like(mean) if gamma is None else gamma
    beta = np.zeros_like(mean) if beta is None else beta
    before = chain.layers[-1]
    weights, bias = fold_batch_norm(
        chain.convolution, gamma, beta, mean - before.bias, variance, float(node.args[7])
    )
    chain.layers[-1] = replace(before, weights=flat(weights).astype(np.float32), bias=bias.astype(np.float32))
    chain.convolution = None


def activation(chain: Chain, node: Any) -> None:
    fixed = {"aten.relu": (0, None), "aten.relu6": (0, 6)}
    defaults = (-1, 1) if "hardtanh" in operation(node) else (None, None)
    given = (argument(node, 1, defaults[0]), argument(node, 2, defaults[1]))
    limits = fixed.get(operation(node).rstrip("_"), given)
    names = {(0, None): "relu", (0, 6): "relu6"}
    if limits not in names:
        raise unsupported(node, f"clamps to {limits}")
    if not chain.layers or chain.layers[-1].activation != "none" or chain.pooled:
        raise unsupported(node, "does not follow a convolution")
    chain.layers[-1] = replace(chain.layers[-1], activation=names[limits])
    chain.convolution = None


def pad(chain: Chain, node: Any) -> None:
    sides, value = (
        list(node.args[1]) + [0] * 4,
        argument(node, 3 if "pad.default" in str(node.target) else 2, 0),
    )
    if value or min(sides) < 0 or any(sides[4:]):
        raise unsupported(node, f"pads {node.args[1]} with {value}: zeros around rows and columns only")
    left, right, top, bottom = sides[:4]
    chain.padding = (top, bottom, left, right)
    chain.convolution = None


def pool(chain: Chain, node: Any) -> None:
    whole = (
        pair(node.args[1]) == (1, 1)
        if "adaptive" in operation(node)
        else sorted(a % 4 for a in node.args[1]) == [2, 3]
    )
    if not whole or chain.pooled or not chain.layers:
        raise unsupported(node, f"with {node.args[1]}: one average over all rows and columns only")
    chain.pooled = True


def linear(chain: Chain, node: Any) -> None:
    weights, bias = chain.array(node, 1), chain.array(node, 2)
    assert weights is not None
    if not chain.pooled or chain.layers[-1].name == "fc":
        raise unsupported(node, "is not the one Linear layer after a global average pool")
    bias = np.zeros(len(weights), np.float32) if bias is None else bias
    chain.layers.append(FoldedLayer("fc", np.ascontiguousarray(weights), bias, activation="none"))


def nothing(chain: Chain, node: Any) -> None:
    """Operations that change no value: flatten after the pool, dropout at inference."""
    if not chain.pooled and "dropout" not in operation(node):
        raise unsupported(node, "comes before the pool")


HANDLERS: dict[str, Callable[[Chain, Any], None]] = {
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


def with_normalisation(
    layers: tuple[FoldedLayer, ...], mean: Sequence[float], std: Sequence[float]
) -> tuple[FoldedLayer, ...]:
    """Return the layers for input (pixel - 127.5) / 127.5 in place of (pixel / 255 - mean) / std."""
    first, *others = layers
    gain = (0.5 / np.asarray(std)).astype(np.float32)
    offset = ((0.5 - np.asarray(mean)) / np.asarray(std)).astype(np.float32)
    by_channel = first.weights.reshape(len(first.weights), -1, len(gain))
    bias = first.bias + (by_channel * offset).sum(axis=(1, 2))
    return (replace(first, weights=(by_channel * gain).reshape(first.weights.shape), bias=bias), *others)


def flat(weights: np.ndarray) -> np.ndarray:
    """Return OIHW weights as [outputs, rows * columns * inputs]."""
    return np.ascontiguousarray(weights.transpose(0, 2, 3, 1).reshape(len(weights), -1))


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


def unsupported(node: Any, why: str) -> UnsupportedError:
    stack = list((node.meta.get("nn_module_stack") or {"": ("", "the module")}).values())
    place, kind = stack[-1]
    kind = kind if isinstance(kind, str) else kind.__name__
    return UnsupportedError(
        f"layer '{place or 'of the module itself'}' ({kind.rsplit('.', 1)[-1]}): {why}; supported: {SUPPORTED}"
    )
