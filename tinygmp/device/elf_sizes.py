"""What a linked program occupies, read from its ELF file, section by section and symbol by symbol."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tinygmp.errors import BuildError

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import Section, Symbol

SHF_WRITE, SHF_ALLOC = 1, 2
AVR_BEYOND_RAM = (
    0x810000  # where avr-gcc lays EEPROM, fuses, lock bits and signatures; RAM begins at 0x800000
)
KEPT_ELSEWHERE = (".eeprom", ".fuse", ".lock", ".signature", ".user_signatures", ".mmcu", ".siminfo")


@dataclass(frozen=True)
class Sizes:
    """Bytes of a program: flash = code + constants + initial values of data; RAM = data + zeroed data, no stack.

    `weights_bytes` are the constants of the model's own source, `engine_bytes` its functions, `support_bytes`
    everything else in flash: vectors, start-up, the test loop and the compiler's helper functions.
    `by_symbol` holds the model's own symbols, `by_section` the sections that lie in flash.
    """

    flash_bytes: int
    ram_bytes: int
    weights_bytes: int
    engine_bytes: int
    by_symbol: Mapping[str, int] = field(default_factory=dict)
    by_section: Mapping[str, int] = field(default_factory=dict)

    @property
    def support_bytes(self) -> int:
        return self.flash_bytes - self.weights_bytes - self.engine_bytes


def symbols_of(file: "ELFFile") -> Iterator["Symbol"]:
    """Yield the symbols of an ELF file; raises BuildError when it was stripped."""
    from elftools.elf.sections import SymbolTableSection

    table = file.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        raise BuildError("the program has no symbol table; build it with -g")
    yield from table.iter_symbols()


def read_sizes(elf: bytes, model_symbols: frozenset[str]) -> Sizes:
    """Return the sizes of an ELF file; `model_symbols` are the names that the model's object file defines."""
    from elftools.elf.elffile import ELFFile

    file = ELFFile(io.BytesIO(elf))
    in_flash, in_ram = section_sizes(file)
    functions: dict[str, int] = {}
    constants: dict[str, int] = {}
    for symbol in symbols_of(file):
        if symbol.name not in model_symbols or symbol["st_shndx"] in ("SHN_UNDEF", "SHN_ABS"):
            continue
        kind, section = symbol["st_info"]["type"], file.get_section(symbol["st_shndx"])
        if kind == "STT_FUNC":
            functions[symbol.name] = symbol["st_size"]
        elif (
            kind == "STT_OBJECT"
            and section["sh_type"] != "SHT_NOBITS"
            and not is_kept_elsewhere(file, section)
        ):
            constants[symbol.name] = symbol["st_size"]
    return Sizes(
        sum(in_flash.values()),
        sum(in_ram.values()),
        sum(constants.values()),
        sum(functions.values()),
        {**constants, **functions},
        in_flash,
    )


def section_sizes(file: "ELFFile", flash: range | None = None) -> tuple[dict[str, int], dict[str, int]]:
    """Return the sections that lie in flash and those that lie in RAM, each with its bytes.

    Data with initial values counts in both: it is copied from flash when the program starts. What may be written but
    lies at an address of `flash`, where it is known, takes no RAM.
    """
    in_flash: dict[str, int] = {}
    in_ram: dict[str, int] = {}
    for section in file.iter_sections():
        size = section["sh_size"]
        if not section["sh_flags"] & SHF_ALLOC or not size or is_kept_elsewhere(file, section):
            continue
        loaded = section["sh_type"] != "SHT_NOBITS"
        if loaded:
            in_flash[section.name] = in_flash.get(section.name, 0) + size
        stays = loaded and flash is not None and section["sh_addr"] in flash
        if section["sh_flags"] & SHF_WRITE and not stays:
            in_ram[section.name] = in_ram.get(section.name, 0) + size
    return in_flash, in_ram


def is_kept_elsewhere(file: "ELFFile", section: "Section") -> bool:
    """Return whether a section lies neither in flash nor in RAM: EEPROM, fuses and the like, by name or AVR address."""
    by_name = any(section.name == name or section.name.startswith(f"{name}.") for name in KEPT_ELSEWHERE)
    return by_name or (file["e_machine"] == "EM_AVR" and section["sh_addr"] >= AVR_BEYOND_RAM)


def object_symbols(obj: bytes) -> frozenset[str]:
    """Return the names of the functions and objects that an object file defines."""
    from elftools.elf.elffile import ELFFile

    return frozenset(
        symbol.name
        for symbol in symbols_of(ELFFile(io.BytesIO(obj)))
        if symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT") and symbol["st_shndx"] != "SHN_UNDEF"
    )


@dataclass(frozen=True)
class Image:
    """What a loader needs: segments (load address, bytes), symbol addresses, and the entry point."""

    segments: tuple[tuple[int, bytes], ...]
    symbols: Mapping[str, int]
    entry: int


def read_image(elf: bytes) -> Image:
    """Return the loadable image of an ELF file, at the addresses where it lies in flash."""
    from elftools.elf.elffile import ELFFile

    file = ELFFile(io.BytesIO(elf))
    segments = tuple(
        (segment["p_paddr"], segment.data())
        for segment in file.iter_segments()
        if segment["p_type"] == "PT_LOAD"
        and segment["p_filesz"]
        and segment["p_offset"]  # not the file's header
    )
    symbols = {
        symbol.name: symbol["st_value"]
        for symbol in symbols_of(file)
        if symbol.name and symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE")
    }
    return Image(segments, symbols, file["e_entry"])
