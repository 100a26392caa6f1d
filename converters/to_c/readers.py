"""Which kernels read which storage format, and how the generated code calls them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tinygmp.errors import UnsupportedError
from tinygmp.sparse.registry import index_format
from tinygmp.sparse.tensor import PackedTensor

LARGEST_POSITION = 65535  # the kernels count columns and gaps in 16 bits
LONGEST_RUN = 64  # survivors of the longest row that tg_matrix_csr8.c can jump into
WHOLE_FAMILIES = (
    "dense",
    "bitmask",
    "csr8",
    "relative",
    "rice",
)  # one kernel reads positions and int8 values
BY_GAPS = ("relative", "rice", "huffman", "block")  # what counts positions across rows


@dataclass(frozen=True)
class Reader:
    """The C side of one packed tensor, row by row.

    `rows` is the reader's variable; `init` and dot() are C expressions (statements without their semicolon).
    `definition` is the line that puts an index and a value kernel together, empty where one kernel does both.
    `longest_run` is the size of the run that tg_matrix_csr8.c needs for it, 0 where only rows are read.
    """

    symbol: str
    rows: str
    kernels: tuple[str, ...]
    struct: str
    init: str
    function: str
    columns: int
    definition: str = ""
    longest_run: int = 0

    def dot(self, x: str) -> str:
        """Return the C expression of the next row's product with the int8 vector `x`."""
        return f"{self.function}(&{self.rows}, {x}, {self.columns}u)"


def reader(
    tensor: PackedTensor, symbol: str, every_step: bool = True, share: bool = False, wide: bool = False
) -> Reader:
    """Return the reader of a tensor whose arrays are `<symbol>_index`, `<symbol>_values` and `<symbol>_codebook`.

    A tensor that is read every step may get a faster kernel where there is one. `share` prefers kernels whose decoders
    serve other tensors of the model too. `wide`: the vectors are int16. Raises
    UnsupportedError for a matrix beyond the kernels' 16-bit positions.
    """
    family, arguments = index_kernel(tensor.index_format)
    expect_16_bit_positions(tensor, family)
    if wide and family == "dense" and is_whole(tensor):
        return dense_16_reader(tensor, symbol)
    if is_whole(tensor) and not wide and not (share and family in BY_GAPS):
        return whole_reader(tensor, symbol, family, arguments, every_step)
    return composed_reader(tensor, symbol, family, arguments, wide)


def is_whole(tensor: PackedTensor) -> bool:
    """Return whether one kernel reads the tensor's positions and values."""
    return tensor.value_format == "int8" and index_kernel(tensor.index_format)[0] in WHOLE_FAMILIES


def whole_reader(
    tensor: PackedTensor, symbol: str, family: str, arguments: tuple[int, ...], every_step: bool
) -> Reader:
    variable = variable_of(symbol)
    streams = [] if family == "dense" else [f"{symbol}_index"]
    longest_run = run_length(tensor) if family == "csr8" and every_step else 0
    kernel = f"tg_rows_{family}.c"
    return Reader(
        symbol=symbol,
        rows=variable,
        kernels=(kernel, "tg_matrix_csr8.c") if longest_run else (kernel,),
        struct=f"tg_rows_{family}",
        init=call(f"tg_rows_{family}_init", f"&{variable}", *streams, f"{symbol}_values", *arguments),
        function=f"tg_dot_{family}_int8",
        columns=tensor.shape[1],
        longest_run=longest_run,
    )


def dense_16_reader(tensor: PackedTensor, symbol: str) -> Reader:
    variable = variable_of(symbol)
    return Reader(
        symbol=symbol,
        rows=variable,
        kernels=("tg_rows_16_dense.c",),
        struct="tg_rows_16_dense",
        init=call("tg_rows_16_dense_init", f"&{variable}", f"{symbol}_values"),
        function="tg_dot_16_dense_int8",
        columns=tensor.shape[1],
    )


def composed_reader(
    tensor: PackedTensor, symbol: str, family: str, arguments: tuple[int, ...], wide: bool
) -> Reader:
    values, value_arguments = value_kernel(tensor)
    variable, pair, bits = variable_of(symbol), f"{family}_{values}", "16_" if wide else ""
    index = [f"{symbol}_index"] if "index" in tensor.streams else []
    codebook = [f"{symbol}_codebook"] if "codebook" in tensor.streams else []
    inits = (
        call(f"tg_index_{family}_init", f"&{variable}.index", *index, *arguments),
        call(
            f"tg_values_{values}_init", f"&{variable}.values", f"{symbol}_values", *codebook, *value_arguments
        ),
    )
    return Reader(
        symbol=symbol,
        rows=variable,
        kernels=(f"tg_index_{family}.c", f"tg_values_{values}.c", "tg_rows_16.c" if wide else "tg_rows.c"),
        struct=f"tg_rows_{bits}{pair}",
        init=", ".join(inits),
        function=f"tg_dot_{bits}{pair}",
        columns=tensor.shape[1],
        definition=f"{'TG_ROWS_16' if wide else 'TG_ROWS'}({family}, {values})",
    )


def index_kernel(name: str) -> tuple[str, tuple[int, ...]]:
    """Return the kernel of an index format and the numbers that it takes."""
    if found := re.fullmatch(r"relative(\d)", name):
        return "relative", (int(found[1]),)
    if found := re.fullmatch(r"block(\d)", name):
        return "block", (log2(int(found[1])),)
    if found := re.fullmatch(r"(\d)of(\d)", name):
        return "n_of_m", (int(found[1]), log2(int(found[2])))
    return name, ()


def value_kernel(tensor: PackedTensor) -> tuple[str, tuple[int, ...]]:
    """Return the kernel of a tensor's value format and the numbers that it takes."""
    name = tensor.value_format
    if found := re.fullmatch(r"codebook(\d+)", name):
        return "codebook", (log2(int(found[1])),)
    if name == "ternary" and index_format(tensor.index_format).stores_zeros:
        return "ternary_zero", ()
    return name.removeprefix("int8_"), ()


def expect_16_bit_positions(tensor: PackedTensor, family: str) -> None:
    """Raise UnsupportedError where a kernel would count beyond 16 bits; gaps count across rows, columns in one."""
    rows, columns = tensor.shape
    counted = rows * columns + columns if family in BY_GAPS else columns + 8
    if counted > LARGEST_POSITION:
        raise UnsupportedError(
            f"'{tensor.name}': {rows} x {columns} weights in '{tensor.index_format}' exceed the C kernels' 16-bit "
            "positions; split the matrix"
        )


def definitions(readers: Iterable[Reader]) -> str:
    """Return the lines that put index and value kernels together, each once; nothing where none is needed."""
    lines = sorted({each.definition for each in readers} - {""})
    return "".join(f"\n{line}" for line in lines) + ("\n" if lines else "")


def call(function: str, *arguments: str | int) -> str:
    return f"{function}({', '.join(f'{each}u' if isinstance(each, int) else each for each in arguments)})"


def variable_of(symbol: str) -> str:
    return f"{symbol.split('_', 1)[-1]}_rows"


def log2(number: int) -> int:
    return number.bit_length() - 1


def run_length(tensor: PackedTensor) -> int:
    """Return the longest row's survivors rounded up to a whole run, or 0 for a row that no run holds."""
    longest = int((tensor.decode() != 0).sum(axis=1).max())
    return max(8, -(-longest // 8) * 8) if longest <= LONGEST_RUN else 0
