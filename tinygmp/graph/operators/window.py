"""How a kernel moves over a map: its size, steps and borders, for convolutions and pools alike."""

from dataclasses import dataclass, replace

from tinygmp.errors import ConfigError, RangeError
from tinygmp.graph.operators.base import expect_range
from tinygmp.graph.values import Shape, Value

Pair = tuple[int, int]
LARGEST_STEP = 255  # of kernels, strides and dilations, which the C code counts in a byte


@dataclass(frozen=True)
class Window:
    """Rows before columns everywhere; padding is top, bottom, left, right."""

    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    def __post_init__(self) -> None:
        for field, pair in (("kernel", self.kernel), ("stride", self.stride), ("dilation", self.dilation)):
            if len(pair) != 2 or not all(1 <= side <= LARGEST_STEP for side in pair):
                raise RangeError(f"{field} {pair}: use two numbers of 1..{LARGEST_STEP}, rows before columns")
        if len(self.padding) != 4:
            raise ConfigError(f"padding {self.padding}: use four numbers: top, bottom, left, right")

    @property
    def extent(self) -> Pair:
        """Rows and columns of the map that one output sees."""
        return (
            (self.kernel[0] - 1) * self.dilation[0] + 1,
            (self.kernel[1] - 1) * self.dilation[1] + 1,
        )

    @property
    def taps(self) -> int:
        """Positions of the kernel."""
        return self.kernel[0] * self.kernel[1]

    @property
    def is_pointwise(self) -> bool:
        """True for a 1 x 1 kernel that visits every position."""
        return (self.kernel, self.stride, self.padding) == ((1, 1), (1, 1), (0, 0, 0, 0))

    def output(self, rows: int, columns: int) -> Pair:
        """Return rows and columns of the output of a map; 0 or less where the kernel does not fit."""
        top, bottom, left, right = self.padding
        return (
            (rows + top + bottom - self.extent[0]) // self.stride[0] + 1,
            (columns + left + right - self.extent[1]) // self.stride[1] + 1,
        )

    def check(self, node: str, read: Value, channels: int) -> Shape:
        """Return the output's shape; raises RangeError or ConfigError for a kernel that does not fit the map."""
        for index, side in enumerate(self.padding):
            expect_range(node, "padding", side, 0, self.extent[index // 2] - 1)
        rows, columns, _ = read.map_shape
        rows_out, columns_out = self.output(rows, columns)
        if rows_out < 1 or columns_out < 1:
            raise ConfigError(
                f"layer '{node}': its output has {rows_out} x {columns_out} positions, the limit is 1; "
                "use a larger input"
            )
        return (rows_out, columns_out, channels)


def same_padding(
    rows: int, columns: int, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)
) -> tuple[int, int, int, int]:
    """Return TensorFlow's 'SAME' padding: top, bottom, left, right."""
    sides: list[int] = []
    for size, one_kernel, one_stride, one_dilation in zip(
        (rows, columns), kernel, stride, dilation, strict=True
    ):
        extent = (one_kernel - 1) * one_dilation + 1
        total = max((-(-size // one_stride) - 1) * one_stride + extent - size, 0)
        sides += [total // 2, total - total // 2]
    top, bottom, left, right = sides
    return top, bottom, left, right


def rounded_up(window: Window, rows: int, columns: int) -> Window:
    """Return a window with room behind the map for a last position that sees less than a whole kernel.

    None begins behind the map and its first border, as ONNX and PyTorch have it (ceil_mode).
    """
    more: list[int] = []
    for axis, size in enumerate((rows, columns)):
        before, after = window.padding[2 * axis : 2 * axis + 2]
        extent, stride = window.extent[axis], window.stride[axis]
        last = max(0, -(-(size + before + after - extent) // stride)) * stride
        last -= stride if last >= size + before else 0
        more += [before, max(after, last + extent - size - before)]
    top, bottom, left, right = more
    return replace(window, padding=(top, bottom, left, right))
