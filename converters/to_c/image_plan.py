"""Which kernel runs each layer of an image network, and where in one block of RAM its bytes lie.

The map always lies at the start of the block and every kernel works in place; its work space lies behind the larger
of input and output. So the block is as large as the largest map and a little more.
"""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import UnsupportedError
from tinygmp.packed.image_model import (
    Conv2d,
    DepthwiseConv2d,
    ImageClassifier,
    ImageLinear,
    PackedImageModel,
)
from tinygmp.quant.rounding_multiply import INT32_MAX

LARGEST_COLUMNS = 65535  # weights of one output that the kernels count
READ_SPARSE = ("bitmask", "rice", "csr8", "csr16")
# Below this share of survivors a list of them beats dense weights (measured on a Cortex-M4F).
LIST_DENSITY = 0.45


@dataclass(frozen=True)
class LayerPlan:
    """One call of a kernel.

    method: 'first', 'depthwise', 'dense', 'list' (survivors of a row over all positions) or 'classifier'.
    expand: sparse weights are written densely into the work space before. offsets and bytes are within the block.
    """

    layer: ImageLinear
    method: str
    expand: bool
    rows: int
    rows_out: int
    survivors: int  # of the fullest row
    work_offset: int
    work_bytes: int

    @property
    def sparse(self) -> bool:
        return self.layer.weights.index_format != "dense"

    @property
    def end(self) -> int:
        return self.work_offset + self.work_bytes

    @property
    def dense_bytes(self) -> int:
        """Bytes of the expanded weights, a multiple of four."""
        return round4(self.layer.weights.size) if self.expand else 0

    @property
    def plane_bytes(self) -> int:
        """Bytes of the planes that the method 'list' copies the input to."""
        return self.layer.inputs * round4(self.rows**2)


@dataclass(frozen=True)
class ImagePlan:
    """All calls; `pixels_offset` is where the image may lie inside the block, None where it does not fit."""

    layers: tuple[LayerPlan, ...]
    scratch_bytes: int
    pixels_offset: int | None


def plan_images(model: PackedImageModel) -> ImagePlan:
    """Return the plan; raises UnsupportedError for a layer without a kernel."""
    options: list[list[LayerPlan]] = []
    rows = model.size
    for index, (layer, rows_out) in enumerate(model.maps()):
        rows = 1 if isinstance(layer, ImageClassifier) else rows
        options.append(choices(model, layer, index == 0, rows, rows_out))
        rows = rows_out
    least = max(min(plan.end for plan in one) for one in options)
    chosen = tuple(next(plan for plan in one if plan.end <= least) for one in options)
    offset = first_pixel(model)
    image_bytes = model.size**2 * model.channels
    return ImagePlan(chosen, least, offset if offset + image_bytes <= chosen[0].work_offset else None)


def choices(
    model: PackedImageModel, layer: ImageLinear, first: bool, rows: int, rows_out: int
) -> list[LayerPlan]:
    """Return the ways to run a layer, the faster first."""
    check_layer(model, layer, first, rows, rows_out)
    kernel_work = pair_bytes(layer.weights.shape[1])
    method, columns = "dense", layer.weights.shape[1]
    before, after = rows**2 * layer.inputs, rows_out**2 * layer.outputs
    base = round4(max(before, after))
    if first:
        method, kernel_work = "first", kernel_work + round4(columns)
        base = round4(max(after, first_pixel(model) + before))
    elif isinstance(layer, DepthwiseConv2d):
        method, kernel_work = "depthwise", round4(3 * ((rows_out - 1) * layer.stride + 3) + 1)
    elif isinstance(layer, ImageClassifier):
        method, kernel_work = "classifier", 0
    mask = layer.weights.decode() != 0
    survivors = max(1, int(mask.sum(axis=1).max()))

    def plan(method: str, expand: bool, work_bytes: int) -> LayerPlan:
        return LayerPlan(layer, method, expand, rows, rows_out, survivors, base, work_bytes)

    if layer.weights.index_format == "dense":
        return [plan(method, False, kernel_work)]
    if method == "classifier":
        return [plan(method, False, 4 * survivors)]
    # The list of a row is needed only before the kernel's own work space.
    expanded = plan(method, True, round4(layer.weights.size) + max(kernel_work, 4 * survivors))
    if method != "dense":
        return [expanded]
    listed = plan("list", False, layer.inputs * round4(rows**2) + 4 * survivors)
    return [listed, expanded] if mask.mean() < LIST_DENSITY else [expanded, listed]


def check_layer(model: PackedImageModel, layer: ImageLinear, first: bool, rows: int, rows_out: int) -> None:
    """Raise UnsupportedError for a layer that no kernel computes."""
    name = f"model '{model.name}', layer '{layer.name}'"
    pointwise = (layer.kernel, layer.stride, layer.padding) == (1, 1, (0, 0, 0, 0))
    depthwise = isinstance(layer, DepthwiseConv2d)
    if first and not isinstance(layer, Conv2d):
        raise UnsupportedError(f"{name}: the first layer must be a convolution over all channels")
    if not (first or depthwise or pointwise):
        raise UnsupportedError(
            f"{name}: kernel {layer.kernel}, stride {layer.stride}; only the first convolution over all channels may "
            "be other than 1 x 1"
        )
    if depthwise and (layer.kernel != 3 or rows_out > rows):
        raise UnsupportedError(
            f"{name}: depthwise kernel {layer.kernel}, {rows} rows to {rows_out}; the C kernel is 3 x 3 and never "
            "makes a map larger"
        )
    if layer.weights.value_format != "int8":
        raise UnsupportedError(
            f"{name}: no C kernel for value format '{layer.weights.value_format}' in images; pack as int8"
        )
    if layer.weights.index_format not in ("dense", *READ_SPARSE):
        raise UnsupportedError(
            f"{name}: no C kernel for index format '{layer.weights.index_format}' in images; pack with dense, "
            f"{', '.join(READ_SPARSE)}"
        )
    if layer.weights.shape[1] > LARGEST_COLUMNS or layer.outputs > LARGEST_COLUMNS:
        raise UnsupportedError(f"{name}: {layer.weights.shape} weights exceed {LARGEST_COLUMNS} a side")
    rest = np.abs(layer.weights.decode()).sum(axis=1, dtype=np.int64) * 128
    if int((rest + np.abs(folded_bias(layer))).max()) > INT32_MAX:
        raise UnsupportedError(f"{name}: a sum could leave 32 bits; use a larger weight scale")


def folded_bias(layer: ImageLinear) -> np.ndarray:
    """Return int64 [outputs]: the bias for inputs taken as they are, without their zero point."""
    sums = layer.weights.decode().sum(axis=1, dtype=np.int64)
    return layer.bias.astype(np.int64) - layer.input.zero_point * sums


def first_pixel(model: PackedImageModel) -> int:
    """Return the least offset of the image at which the first layer, row by row, overwrites no pixel it still needs."""
    layer, rows_out = next(model.maps())
    row_bytes = model.size * model.channels
    row = np.arange(rows_out)
    written = (row + 1) * rows_out * layer.outputs
    done_with = np.maximum(row * layer.stride - layer.padding[0], 0) * row_bytes
    return round4(max(0, int((written - done_with).max())))


def pair_bytes(n: int) -> int:
    """Return TG_PAIR_BYTES of the larger of its forms."""
    return -(-n // 4) * 16


def round4(count: int) -> int:
    return -(-count // 4) * 4
