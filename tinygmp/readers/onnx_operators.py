"""How ONNX spells each operator: one small function a kind, each checking what it cannot take over."""

import math
from collections.abc import Callable

import numpy as np

from tinygmp.readers.onnx_call import Call


def convolve(call: Call) -> None:
    weights = call.given(0)
    if weights.ndim != call.rank:
        raise call.unsupported(f"a kernel of {weights.shape} for a value of {call.rank} axes")
    weights = weights[:, :, None] if weights.ndim == 3 else weights
    window, padding = call.window((weights.shape[2], weights.shape[3]))
    groups = int(call.at.get("group", 1))
    call.builder.convolve(
        call.place, call.read, call.written, weights, call.maybe(1), window, padding, groups
    )


def batch_norm(call: Call) -> None:
    parts = [part for part in call.constants if part is not None]
    if len(parts) != 4 or call.at.get("training_mode", 0) or not call.at.get("spatial", 1):
        raise call.unsupported("a batch norm of other than four arrays in the file, one number a channel,")
    channels, *_ = call.sides()
    held = call.builder.held(call.place, call.read)
    if any(part.shape != (call.builder.shapes[held.value][-1],) or len(part) != channels for part in parts):
        raise call.unsupported(f"a batch norm of {parts[0].shape} numbers over {channels} channels")
    call.builder.batch_norm(call.place, call.read, call.written, parts, float(call.at.get("epsilon", 1e-5)))


def relu(call: Call) -> None:
    call.builder.activate(call.place, call.read, call.written, 0.0, None)


def clip(call: Call) -> None:
    limits = [None if part is None else float(part) for part in (*call.constants, None, None)][:2]
    low, high = (call.at.get(name, limit) for name, limit in zip(("min", "max"), limits, strict=True))
    call.builder.activate(call.place, call.read, call.written, low, high)


def pad(call: Call) -> None:
    """Sides, value and axes are attributes in old files, inputs in newer ones."""
    sides, value, axes = (
        call.at.get("pads", call.maybe(0)),
        call.at.get("value", call.maybe(1)),
        call.maybe(2),
    )
    mode = call.at.get("mode", b"constant").decode()
    rank = call.rank
    if mode != "constant" or sides is None or (value is not None and np.any(value)):
        raise call.unsupported("padding other than zeros around rows and columns")
    places = list(range(rank)) if axes is None else [call.axis(axis, rank) for axis in axes]
    around = np.zeros((rank, 2), int)
    around[places] = np.asarray(sides, int).reshape(2, len(places)).T
    if around[:2].any():
        raise call.unsupported("padding of the batch or of channels")
    (top, bottom), (left, right) = [(0, 0), (0, 0), *around[2:].tolist()][-2:]
    call.builder.pad(call.place, call.read, call.written, (top, bottom, left, right))


def global_average(call: Call) -> None:
    call.builder.global_average(call.place, call.read, call.written)


def mean(call: Call) -> None:
    """Over rows and columns; an axis of one position may be left out."""
    axes, rank = call.at.get("axes", call.maybe(0)), call.rank
    over = {call.axis(axis, rank) for axis in axes} if axes is not None else set()
    keeps = bool(call.at.get("keepdims", 1))
    if not keeps or rank == 2:
        wanted = {*range(2, rank)}
    else:
        wanted = {axis for axis in range(2, rank) if call.sides()[axis - 1] > 1}
    if not over or over & {0, 1} or wanted - over:
        raise call.unsupported(f"a mean over axes {sorted(over) or 'that are not in the file'}")
    global_average(call)
    if not keeps:
        call.builder.flatten(call.place, call.written, call.written)
        call.writes_rank(2)


def average_pool(call: Call) -> None:
    window, padding = call.window(call.two("kernel_shape"))
    counts = bool(call.at.get("count_include_pad", 0))
    call.builder.average_pool(call.place, call.read, call.written, window, padding, counts, call.rounds_up)


def max_pool(call: Call) -> None:
    window, padding = call.window(call.two("kernel_shape"))
    call.builder.max_pool(call.place, call.read, call.written, window, padding, call.rounds_up)


def gemm(call: Call) -> None:
    weights, alpha = call.given(0), float(call.at.get("alpha", 1.0))
    if weights.ndim != 2 or call.rank != 2 or call.at.get("transA", 0):
        raise call.unsupported("a product of other than vectors and a matrix in the file")
    weights = np.asarray(weights if call.at.get("transB", 0) else weights.T, np.float32) * np.float32(alpha)
    call.builder.fully_connect(call.place, call.read, call.written, weights, gemm_bias(call, len(weights)))


def gemm_bias(call: Call, outputs: int) -> np.ndarray | None:
    """Return the bias, one number an output; raises UnsupportedError for one a sample."""
    bias = call.maybe(1)
    if bias is None:
        return None
    if math.prod(bias.shape[:-1]) != 1 or bias.size not in (1, outputs):
        raise call.unsupported(f"a bias of {bias.shape} for {outputs} outputs")
    beta = np.float32(call.at.get("beta", 1.0))
    return np.broadcast_to(bias.reshape(-1), (outputs,)).astype(np.float32) * beta


def add(call: Call) -> None:
    if len(call.reads) == 1:
        call.builder.scale_channels(call.place, call.read, call.written, 1.0, call.by_channel())
        return
    one, other = (call.sides(name) for name in call.reads)
    if one != other:
        raise call.unsupported(f"an addition of {one} and {other}")
    call.builder.add(call.place, call.reads, call.written)


def multiply(call: Call) -> None:
    if len(call.reads) == 2:
        raise call.unsupported("a product of two computed values")
    call.builder.scale_channels(call.place, call.read, call.written, call.by_channel(), 0.0)


def join(call: Call) -> None:
    """Channels stand second in the file and last here."""
    if any(part is not None for part in call.constants):
        raise call.unsupported("a join with a constant")
    axis, rank = call.axis(call.at["axis"], call.rank), call.rank
    if axis == 0 or any(len(call.sides(name)) + 1 != rank for name in call.reads):
        raise call.unsupported(f"a join along axis {axis}")
    call.builder.concatenate(call.place, call.reads, call.written, -1 if axis == 1 else axis - rank - 1)


def flatten(call: Call) -> None:
    axis = int(call.at.get("axis", 1))
    if axis not in (1, 1 - call.rank):
        raise call.unsupported(f"a flattening from axis {axis}")
    change_shape(call, (math.prod(call.sides()),))


def reshape(call: Call) -> None:
    told = call.at["shape"] if "shape" in call.at else call.given(0)
    target = [int(side) for side in np.asarray(told).reshape(-1)]
    before = (call.file.batch, *call.sides())
    copied = [
        before[place] if side == 0 and place < len(before) and not call.at.get("allowzero", 0) else side
        for place, side in enumerate(target)
    ]
    size, rest = math.prod(before[1:]), copied[1:]
    known = math.prod(side for side in rest if side != -1)
    if -1 in rest and known > 0 and target[0] in (0, before[0] or 1):
        rest[rest.index(-1)] = size // known
    if not rest or min(rest) < 1 or math.prod(rest) != size:
        raise call.unsupported(f"a change of shape to {target}")
    change_shape(call, tuple(rest))


def squeeze(call: Call) -> None:
    """Without axes: all sides of one but the batch."""
    rank, sides = call.rank, call.sides()
    axes = call.at.get("axes", call.maybe(0))
    ones = [place + 1 for place, side in enumerate(sides) if side == 1]
    left_out = ones if axes is None else [call.axis(axis, rank) for axis in axes]
    kept = tuple(side for place, side in enumerate(sides) if place + 1 not in left_out)
    if set(left_out) - set(ones):
        raise call.unsupported(f"a squeeze of axes {left_out} of {sides}")
    change_shape(call, kept or (1,))


def change_shape(call: Call, after: tuple[int, ...]) -> None:
    """Give one sample other sides, in the file's order, where no element has to change places here."""
    before = call.sides()
    call.writes_rank(len(after) + 1)
    if after == before:
        nothing(call)
    elif math.prod(after) == after[0]:
        call.builder.flatten(call.place, call.read, call.written)
    elif after[0] in (1, before[0]) and before[0] in (after[0], math.prod(before)) and len(after) in (2, 3):
        rows, columns = (1, *after[1:])[-2:]
        call.builder.reshape(call.place, call.read, call.written, (rows, columns, after[0]))
    else:
        raise call.unsupported(f"a change of shape from {before} to {after}")


def softmax(call: Call) -> None:
    """Over channels, which one at the end does not need; before opset 13 over all that follows its axis."""
    newer, rank = call.file.opset >= 13, call.rank
    axis = call.axis(call.at.get("axis", -1 if newer else 1), rank)
    if axis != 1 or (not newer and math.prod(call.sides()[1:]) > 1):
        raise call.unsupported(f"a softmax over axis {axis} of {rank}")
    call.builder.softmax(call.place, call.read, call.written)


def dropout(call: Call) -> None:
    training = call.maybe(1)
    if training is not None and np.any(training):
        raise call.unsupported("a dropout in training")
    nothing(call)


def nothing(call: Call) -> None:
    call.builder.same(call.place, call.read, call.written)


HANDLERS: dict[str, Callable[[Call], None]] = {
    "Conv": convolve,
    "BatchNormalization": batch_norm,
    "Relu": relu,
    "Clip": clip,
    "Pad": pad,
    "GlobalAveragePool": global_average,
    "AveragePool": average_pool,
    "MaxPool": max_pool,
    "ReduceMean": mean,
    **dict.fromkeys(("Gemm", "MatMul"), gemm),
    "Add": add,
    "Mul": multiply,
    "Concat": join,
    "Flatten": flatten,
    "Reshape": reshape,
    "Squeeze": squeeze,
    "Softmax": softmax,
    "Dropout": dropout,
    "Identity": nothing,
}
