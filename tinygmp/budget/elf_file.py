"""Does an already built program fit a board: its ELF file, by section and by symbol."""

from collections.abc import Sequence
from pathlib import Path

from tinygmp.budget.packed import limits_of
from tinygmp.budget.result import BoardBudget, Budget, Reserve, board_budget
from tinygmp.device.board import Board
from tinygmp.device.cores import CORES
from tinygmp.device.elf_sizes import Sizes
from tinygmp.errors import ConfigError
from tinygmp.inspect.elf_file import read_program
from tinygmp.inspect.file import largest_first

NOTE = (
    "flash = sections that are loaded, initial values of data among them; RAM = sections that are written and lie "
    "outside the board's flash; EEPROM, fuses and signatures count in neither"
)


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
    results = tuple(
        budget_of_program(read_program(content, path, flash_of(board))[0], board, limit)
        for board, limit in limits
    )
    return Budget(path.stem, False, None, results, {}, "elf", largest_first(sizes.by_section), tuple(notes))


def flash_of(board: Board) -> range:
    return range(board.flash_origin, board.flash_origin + board.flash_bytes)


def budget_of_program(sizes: Sizes, board: Board, limit: Board) -> BoardBudget:
    sentence = (
        f"{board.title}: flash {sizes.flash_bytes:,} of {limit.flash_bytes:,} B; "
        f"RAM {sizes.ram_bytes:,} of {limit.ram_bytes:,} B (the stack is not in an ELF file)"
    )
    return board_budget(board, limit, sizes, None, True, "sections of the ELF file", sentence)
