"""Which kernel reads which storage format, and how the generated code calls it."""

import re
from dataclasses import dataclass

from tinygmp.errors import UnsupportedError
from tinygmp.sparse.tensor import PackedTensor

LARGEST_POSITION = 65535  # the kernels count columns and gaps in 16 bits


@dataclass(frozen=True)
class Reader:
    """The C side of one packed tensor.

    `rows` is the reader's variable; `init` and `dot` are C expressions (statements without their semicolon); `x` in
    dot() is the C expression of the int8 vector.
    """

    name: str
    rows: str
    kernel: str
    struct: str
    init: str
    columns: int
    count: int
    dot_function: str

    def dot(self, x: str) -> str:
        return f"{self.dot_function}(&{self.rows}, {x}, {self.columns}u)"


def reader(tensor: PackedTensor, symbol: str) -> Reader:
    """Return the reader of a tensor whose arrays are `<symbol>_index` and `<symbol>_values`.

    Raises UnsupportedError for a format without a C kernel or a matrix beyond the kernels' 16-bit positions.
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
        name=tensor.name,
        rows=variable,
        kernel=f"tg_rows_{family}.c",
        struct=f"tg_rows_{family}",
        init=f"tg_rows_{family}_init({', '.join(arguments)})",
        columns=columns,
        count=rows,
        dot_function=f"tg_dot_{family}_int8",
    )


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
