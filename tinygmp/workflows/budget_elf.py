"""Does an already built program fit a board: its ELF file, by section and by symbol."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinygmp.device.board import Board
from tinygmp.device.cores import CORES
from tinygmp.device.elf_sizes import Sizes, section_sizes
from tinygmp.errors import BuildError, ConfigError, FileFormatError
from tinygmp.workflows.budget import limits_of
from tinygmp.workflows.budget_result import BoardBudget, Budget, Reserve, board_budget, largest_first

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

MACHINES = {
    "EM_ARM": "arm",
    "EM_RISCV": "riscv",
    "EM_AVR": "avr",
    "EM_MSP430": "msp430",
    "EM_XTENSA": "xtensa",
}
NOTE = "flash = sections that are loaded, initial values of data among them; RAM = sections that are written"


def budget_elf(path: Path, boards: Sequence[str | Board], reserve: Reserve | None = None) -> Budget:
    """Compare an ELF file with boards; the stack is not in the file, so leave it room with a RAM reserve.

    Raises FileFormatError for a file that is no linked 32-bit ELF program, ConfigError for another core's board.
    """
    content = path.read_bytes()
    sizes, family = read_program(content, path)
    limits = limits_of(boards, reserve or Reserve())
    for board, _ in limits:
        if CORES[board.core].family != family:
            raise ConfigError(
                f"'{path}' is a program for {family}, and board '{board.name}' has core '{board.core}'; "
                "give a board of the program's family"
            )
    notes = [NOTE, "the stack is not in the file: keep room for it with --reserve-ram"]
    if not sizes.by_symbol:
        notes.append("the program was stripped: its symbols are not told")
    results = tuple(budget_of_program(sizes, board, limit) for board, limit in limits)
    return Budget(path.stem, False, None, results, {}, "elf", largest_first(sizes.by_section), tuple(notes))


def budget_of_program(sizes: Sizes, board: Board, limit: Board) -> BoardBudget:
    sentence = (
        f"{board.title}: flash {sizes.flash_bytes:,} of {limit.flash_bytes:,} B; "
        f"RAM {sizes.ram_bytes:,} of {limit.ram_bytes:,} B (the stack is not in an ELF file)"
    )
    return board_budget(board, limit, sizes, None, True, "sections of the ELF file", sentence)


def read_program(content: bytes, path: Path) -> tuple[Sizes, str]:
    """Return the sizes of a linked program, every symbol told, and the family of its core."""
    from elftools.common.exceptions import ELFError
    from elftools.construct.core import ConstructError
    from elftools.elf.elffile import ELFFile

    try:
        file = ELFFile(io.BytesIO(content))
        machine = MACHINES.get(file["e_machine"])
        if file["e_type"] != "ET_EXEC" or machine is None:
            raise FileFormatError(
                f"'{path}' is an ELF file of type {file['e_type']} for {file['e_machine']}; give a linked program "
                f"(ET_EXEC) for {', '.join(sorted(set(MACHINES.values())))}"
            )
        in_flash, in_ram = section_sizes(file)
        constants, functions = symbols_in_flash(file)
    except (ELFError, ConstructError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError,
            OverflowError, MemoryError) as error:  # fmt: skip
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"'{path}' is a damaged ELF file: {error}; build it again") from error
    sizes = Sizes(
        sum(in_flash.values()),
        sum(in_ram.values()),
        sum(constants.values()),
        sum(functions.values()),
        {**constants, **functions},
        in_flash,
    )
    return sizes, machine


def symbols_in_flash(file: "ELFFile") -> tuple[dict[str, int], dict[str, int]]:
    """Return the constants and the functions of a program, none where it was stripped.

    Aliases of one address count once; several static symbols of one name are added up.
    """
    from tinygmp.device.elf_sizes import symbols_of

    constants: dict[str, int] = {}
    functions: dict[str, int] = {}
    seen: set[int] = set()
    try:
        symbols = list(symbols_of(file))
    except BuildError:
        return constants, functions
    for symbol in symbols:
        kind, place, size = symbol["st_info"]["type"], symbol["st_shndx"], symbol["st_size"]
        if kind not in ("STT_FUNC", "STT_OBJECT") or isinstance(place, str) or not size:
            continue
        section, address = file.get_section(place), symbol["st_value"]
        if section["sh_type"] == "SHT_NOBITS" or address in seen:
            continue
        seen.add(address)
        group = functions if kind == "STT_FUNC" else constants
        group[symbol.name] = group.get(symbol.name, 0) + size
    return constants, functions
