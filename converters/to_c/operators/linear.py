"""What convolutions and fully connected layers share in C: their arrays, their struct, their sparse rows."""

from collections.abc import Iterator

import numpy as np

from converters.to_c.arrays import ConstantArray, symbol_of
from converters.to_c.kernel import round4
from tinygmp.errors import UnsupportedError
from tinygmp.graph.kinds import kind_of
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.operators.pool import GlobalAveragePool
from tinygmp.graph.operators.window import Window
from tinygmp.graph.values import Value
from tinygmp.quant.rescaled_mean import FixedMean
from tinygmp.quant.rounding_multiply import INT32_MAX

LARGEST_COLUMNS = 65535  # weights of one output that the kernels count
LARGEST_PADDING = 255
READ_SPARSE = ("bitmask", "rice", "csr8", "csr16")
LEAST_SHIFT = {"fp32": 2, "gemmlowp": 1}  # of the short ways of rounding: factors below 1/4, 1/2


def check_linear(model: PackedModel, node: Node, operator: Linear) -> None:
    """Raise UnsupportedError for weights that no kernel reads."""
    name, weights = f"model '{model.name}', layer '{node.name}'", operator.weights
    if weights.value_format != "int8":
        raise UnsupportedError(
            f"{name}: no C kernel for value format '{weights.value_format}' in images; pack as int8"
        )
    if weights.index_format not in ("dense", *READ_SPARSE):
        raise UnsupportedError(
            f"{name}: no C kernel for index format '{weights.index_format}' in images; pack with dense, "
            f"{', '.join(READ_SPARSE)}"
        )
    if max(weights.shape) > LARGEST_COLUMNS:
        raise UnsupportedError(f"{name}: {weights.shape} weights exceed {LARGEST_COLUMNS} a side")
    if int(largest_sums(operator, model.read_by(node)[0]).max()) > INT32_MAX:
        raise UnsupportedError(f"{name}: a sum could leave 32 bits; use a larger weight scale")


def check_window(model: PackedModel, node: Node, window: Window) -> None:
    if max(window.padding) > LARGEST_PADDING:
        raise UnsupportedError(
            f"model '{model.name}', layer '{node.name}': padding {window.padding} exceeds {LARGEST_PADDING} a side; "
            "pad in a layer of its own"
        )


def folded_bias(operator: Linear, read: Value) -> np.ndarray:
    """Return int64 [outputs]: the bias for inputs taken as they are, without their zero point."""
    sums = operator.weights.decode().sum(axis=1, dtype=np.int64)
    return operator.bias.astype(np.int64) - read.zero_point * sums


def stored_shifts(operator: Linear, read: Value, written: Value) -> np.ndarray:
    """Return shifts to the right, int64 [outputs]; a factor of 0 has any."""
    multipliers, shifts = operator.requantizers(read, written)
    return np.where(multipliers > 0, -shifts, LEAST_SHIFT[operator.rounding])


def has_large_factors(model: PackedModel) -> bool:
    """True where a factor is too large for the short way of rounding, so that shifts are signed (tg_layer.c)."""
    for node in model.nodes_of(Linear):
        read, written, operator = *model.read_by(node), *model.written_by(node), node.operator
        assert isinstance(operator, Linear)
        if written.dtype == "int8":
            least = 0 if operator.rounds_once else LEAST_SHIFT[operator.rounding]
            if np.max(operator.factors(read, written)) < 2.0 ** -(least + 1):
                continue  # far below, and told without a shift for every output
            if stored_shifts(operator, read, written).min() < least:
                return True
    return any(has_large_mean(model, node) for node in model.nodes_of(GlobalAveragePool))


QUICK_SHIFTS = range(2, 17)  # for which tg_channel_scale_fp32.c has a multiplier of all its bits


def has_quick_scale(model: PackedModel) -> bool:
    """True where no sum of any layer leaves 32 bits when shifted left as tg_channel.c does."""
    if model.rounding != "fp32":
        return False
    for node in model.nodes_of(Linear):
        read, written, operator = *model.read_by(node), *model.written_by(node), node.operator
        assert isinstance(operator, Linear)
        shifts = stored_shifts(operator, read, written) if written.dtype == "int8" else np.array([9])
        if shifts.min() not in QUICK_SHIFTS or shifts.max() not in QUICK_SHIFTS:
            return False
        if int((largest_sums(operator, read) << np.maximum(9 - shifts, 0)).max()) > INT32_MAX:
            return False
    return True


def has_full_range(model: PackedModel) -> bool:
    """True where no layer cuts its outputs before int8 does."""
    return all(
        node.operator.limits.integers(model.written_by(node)[0]) == (-128, 127)  # type: ignore[attr-defined]
        for node in model.nodes_of(Linear)
        if model.written_by(node)[0].dtype == "int8"
    )


def largest_sums(operator: Linear, read: Value) -> np.ndarray:
    """Return int64 [outputs]: what the magnitude of a sum with its bias cannot exceed."""
    rest = np.abs(operator.weights.decode()).sum(axis=1, dtype=np.int64) * 128
    return rest + np.abs(folded_bias(operator, read))


def has_large_mean(model: PackedModel, node: Node) -> bool:
    operator = node.operator
    assert isinstance(operator, GlobalAveragePool)
    if operator.rounding != "gemmlowp":
        return False
    by = operator.scaling(*model.read_by(node), *model.written_by(node))
    return isinstance(by, FixedMean) and -by.shift < LEAST_SHIFT["gemmlowp"]


def has_dilation(model: PackedModel) -> bool:
    """True where some kernel leaves positions out, so that windows tell by how much (tg_window.c)."""
    return any(node.operator.window.dilation != (1, 1) for node in model.nodes_of(Conv2d, DepthwiseConv2d))  # type: ignore[attr-defined]


def linear_arrays(model: PackedModel, node: Node, operator: Linear) -> Iterator[ConstantArray]:
    """Yield the arrays of a layer: as many bytes as its ledger counts, scalars left out."""
    yield from weight_arrays(model, operator)
    read, written = model.read_by(node)[0], model.written_by(node)[0]
    symbol, each = symbol_of(model, node.name), f"{node.name}: {kind_of(node.operator)}"
    multipliers, shifts = operator.requantizers(read, written)[0], stored_shifts(operator, read, written)
    count = operator.requantizer_count
    yield ConstantArray(
        f"{symbol}_bias",
        folded_bias(operator, read).astype(np.int32),
        f"{each}, bias less zero point times weights",
    )
    yield ConstantArray(f"{symbol}_multiplier", multipliers[:count].astype(np.int32), f"{each}, of 2^-31")
    kind = np.int8 if has_large_factors(model) else np.uint8
    yield ConstantArray(f"{symbol}_shift", shifts[:count].astype(kind), f"{each}, to the right")


def weight_arrays(model: PackedModel, operator: Linear) -> Iterator[ConstantArray]:
    weights = operator.weights
    stored = f"{weights.name}: {weights.shape[0]} x {weights.shape[1]}, {weights.nnz} nonzero, {weights.index_format}"
    prefix = symbol_of(model, weights.name)
    if "index" in weights.streams:
        yield ConstantArray(f"{prefix}_index", weights.streams["index"], stored)
    values = weights.streams["values"].view(np.int8)
    # C has no empty arrays; a tensor without survivors never reads this byte.
    yield ConstantArray(f"{prefix}_values", values if len(values) else np.zeros(1, np.int8), stored)


def layer_definition(model: PackedModel, node: Node, operator: Linear, inputs: int) -> str:
    """Return the tg_layer of a node."""
    symbol, weights = symbol_of(model, node.name), symbol_of(model, operator.weights.name)
    written = model.written_by(node)[0]
    index = f"{weights}_index" if is_sparse(operator) else "0"
    low, high = operator.limits.integers(written)
    return (
        f"static const tg_layer {symbol} = {{\n"
        f"    {weights}_values, {index}, {symbol}_bias, {symbol}_multiplier, {symbol}_shift,\n"
        f"    {inputs}, {operator.outputs}, {written.zero_point}, {low}, {high}\n"
        "};\n"
    )


def window_definition(model: PackedModel, node: Node, window: Window, flip: int = 0) -> str:
    """Return the tg_window of a node; flip: 0x80 where it reads pixels for their int8 values."""
    symbol, read, written = symbol_of(model, node.name), model.read_by(node)[0], model.written_by(node)[0]
    sizes = (*read.map_shape, *written.map_shape[:2])
    steps: tuple[int, ...] = (
        *window.kernel,
        *window.stride,
        window.padding[0],
        window.padding[2],
        read.zero_point,
        flip,
    )
    steps += window.dilation if has_dilation(model) else ()
    return (
        f"static const tg_window {symbol}_window = {{\n"
        f"    {', '.join(map(str, sizes))}, {', '.join(map(str, steps))}\n"
        "};\n"
    )


def is_sparse(operator: Linear) -> bool:
    return operator.weights.index_format != "dense"


def survivors_of_fullest_row(operator: Linear) -> int:
    return max(1, int((operator.weights.decode() != 0).sum(axis=1).max()))


def begin_rows(operator: Linear) -> str:
    """Return the function that begins to read sparse rows."""
    return f"tg_survivors_{operator.weights.index_format}_init"


def row_source(operator: Linear) -> str:
    return f"tg_survivors_{operator.weights.index_format}.c"


def expand(symbol: str, operator: Linear, to: str, entries: str) -> str:
    """Return the statement that writes sparse weights densely into work space."""
    columns = operator.weights.shape[1]
    return (
        f"tg_survivors_expand(&{symbol}, {begin_rows(operator)}, (int8_t *)({to}), {columns}u, {entries});\n"
    )


def expanded_bytes(operator: Linear) -> int:
    """Return the bytes of the expanded weights, a multiple of four."""
    return round4(operator.weights.size)


def pair_bytes(n: int) -> int:
    """Return TG_PAIR_BYTES of the larger of its forms."""
    return -(-n // 4) * 16
