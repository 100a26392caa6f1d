"""Which kernel reads which storage format, and how the generated code calls it."""

import re
from dataclasses import dataclass

from tinygmp.errors import UnsupportedError
from tinygmp.sparse.tensor import PackedTensor

LARGEST_POSITION = 65535  # the kernels count columns and gaps in 16 bits
LONGEST_RUN = 64  # survivors of the longest row that tg_matrix_csr8.c can jump into


@dataclass(frozen=True)
class Reader:
    """The C side of one packed tensor, row by row.

    `rows` is the reader's variable; `init` and dot() are C expressions (statements without their semicolon).
    `longest_run` is the size of the run that tg_matrix_csr8.c needs for it, 0 where only rows are read.
    """

    symbol: str
    rows: str
    kernel: str
    struct: str
    init: str
    function: str
    columns: int
    longest_run: int = 0

    def dot(self, x: str) -> str:
        """Return the C expression of the next row's product with the int8 vector `x`."""
        return f"{self.function}(&{self.rows}, {x}, {self.columns}u)"

    @property
    def kernels(self) -> tuple[str, ...]:
        return (self.kernel, "tg_matrix_csr8.c") if self.longest_run else (self.kernel,)


def reader(tensor: PackedTensor, symbol: str, every_step: bool = True) -> Reader:
    """Return the reader of a tensor whose arrays are `<symbol>_index` and `<symbol>_values`.

    A tensor that is read every step may get a faster kernel where there is one. Raises UnsupportedError for a format
    without a C kernel or a matrix beyond the kernels' 16-bit positions.
    """
    rows, columns = tensor.shape
    if rows * columns + columns > LARGEST_POSITION:
        raise UnsupportedError(
            f"'{tensor.name}': {rows} x {columns} weights exceed the C kernels' 16-bit positions; split the matrix"
        )
    if tensor.value_format != "int8":
        raise UnsupportedError(
            f"'{tensor.name}': no C kernel for value format '{tensor.value_format}'; pack as int8"
        )
    family, width = family_of(tensor)
    variable = f"{symbol.split('_', 1)[-1]}_rows"
    arguments = [f"&{variable}"]
    if family != "dense":
        arguments.append(f"{symbol}_index")
    arguments.append(f"{symbol}_values")
    if width:
        arguments.append(f"{width}u")
    return Reader(
        symbol=symbol,
        rows=variable,
        kernel=f"tg_rows_{family}.c",
        struct=f"tg_rows_{family}",
        init=f"tg_rows_{family}_init({', '.join(arguments)})",
        function=f"tg_dot_{family}_int8",
        columns=columns,
        longest_run=run_length(tensor) if family == "csr8" and every_step else 0,
    )


def run_length(tensor: PackedTensor) -> int:
    """Return the longest row's survivors rounded up to a whole run, or 0 for a row that no run holds."""
    longest = int((tensor.decode() != 0).sum(axis=1).max())
    return max(8, -(-longest // 8) * 8) if longest <= LONGEST_RUN else 0


def family_of(tensor: PackedTensor) -> tuple[str, int]:
    """Return the kernel family and, for relative indices, the code width."""
    if found := re.fullmatch(r"relative([2-8])", tensor.index_format):
        return "relative", int(found[1])
    if tensor.index_format in ("dense", "bitmask", "csr8", "rice"):
        return tensor.index_format, 0
    raise UnsupportedError(
        f"'{tensor.name}': no C kernel for index format '{tensor.index_format}'; pack with dense, bitmask, csr8, "
        "relative or rice"
    )
