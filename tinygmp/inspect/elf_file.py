"""What lies in a linked program: functions and constants with their bytes."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from tinygmp.device.elf_sizes import SHF_ALLOC, Sizes, is_kept_elsewhere, section_sizes, symbols_of
from tinygmp.errors import BuildError, FileFormatError
from tinygmp.foreign import reads
from tinygmp.inspect.file import FileInspection, LayerRow, largest_first

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

MACHINES = {
    "EM_ARM": "arm",
    "EM_RISCV": "riscv",
    "EM_AVR": "avr",
    "EM_MSP430": "msp430",
    "EM_XTENSA": "xtensa",
}


@reads("an ELF file", "build it again", FileFormatError)
def inspect_elf(path: Path) -> FileInspection:
    """Return the functions, constants and sections of a linked program; raises FileFormatError."""
    content = path.read_bytes()
    sizes, family = read_program(content, path)
    rows = [
        LayerRow(name, "symbol", (), family, count) for name, count in largest_first(sizes.by_symbol).items()
    ]
    notes = (f"flash {sizes.flash_bytes:,} B, RAM {sizes.ram_bytes:,} B without the stack",)
    return FileInspection(
        "elf", path.stem, len(content), tuple(rows), (), largest_first(sizes.by_section), notes
    )


@reads("an ELF file", "build it again", FileFormatError)
def read_program(content: bytes, path: Path, flash: range | None = None) -> tuple[Sizes, str]:
    """Return the sizes of a linked program, every symbol told, and the family of its core.

    flash: the addresses of a board's flash, where known: what lies there takes no RAM, whatever its flags.
    """
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
        in_flash, in_ram = section_sizes(file, flash)
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
        elsewhere = section["sh_type"] == "SHT_NOBITS" or is_kept_elsewhere(file, section)
        if elsewhere or not section["sh_flags"] & SHF_ALLOC or address in seen:
            continue
        seen.add(address)
        group = functions if kind == "STT_FUNC" else constants
        group[symbol.name] = group.get(symbol.name, 0) + size
    return constants, functions
