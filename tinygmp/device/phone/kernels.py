"""Which functions of a runtime ran: addresses of counted blocks looked up in the symbol table of its library."""

import bisect
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

XNNPACK_KERNEL = re.compile(r"^xnn_.*_ukernel_")
SPARSE_KERNEL = re.compile(r"^xnn_.*spmm.*_ukernel_")


def kernels_of(blocks: Sequence[tuple[int, int]], libraries: Mapping[str, int]) -> dict[str, int]:
    """Return XNNPACK kernel -> instructions, most first, of blocks (address, instructions).

    libraries: path of a library -> address at which it begins.
    """
    found: dict[str, int] = {}
    for path, base in libraries.items():
        if "litert" in Path(path).name.lower() or "tensorflow" in path or "ai_edge_litert" in path:
            add_kernels(found, blocks, function_symbols(Path(path)), base)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def add_kernels(
    found: dict[str, int],
    blocks: Sequence[tuple[int, int]],
    symbols: Sequence[tuple[int, int, str]],
    base: int,
) -> None:
    """Add the instructions of each block to the kernel that it lies in; symbols: (address, bytes, name), sorted."""
    starts = [start for start, _, _ in symbols]
    for address, instructions in blocks:
        index = bisect.bisect_right(starts, address - base) - 1
        if index < 0:
            continue
        start, size, name = symbols[index]
        if address - base < start + size:
            found[name] = found.get(name, 0) + instructions


def function_symbols(path: Path) -> list[tuple[int, int, str]]:
    """Return (address, bytes, name) of the XNNPACK kernels of a library, sorted by address."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    found = set()
    with path.open("rb") as stream:
        for section in ELFFile(stream).iter_sections():
            if isinstance(section, SymbolTableSection):
                found |= {
                    (symbol["st_value"], symbol["st_size"], symbol.name)
                    for symbol in section.iter_symbols()
                    if symbol["st_info"]["type"] == "STT_FUNC" and XNNPACK_KERNEL.match(symbol.name)
                }
    return sorted(found)
