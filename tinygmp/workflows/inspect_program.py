"""What lies in an ELF file or in a folder of generated C: functions and constants with their bytes."""

import re
from pathlib import Path

from tinygmp.workflows.budget_c import read_c_folder
from tinygmp.workflows.budget_elf import read_program
from tinygmp.workflows.budget_result import largest_first
from tinygmp.workflows.inspect_file import FileInspection, LayerRow, TensorRow

TYPES = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "uint16_t": 2, "int32_t": 4, "uint32_t": 4}
ARRAY = re.compile(r"\bconst (u?int(?:8|16|32)_t) (\w+)\[(\d*)\][^=;{}]*= *\{([^{}]*)\}")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


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


def inspect_c(folder: Path) -> FileInspection:
    """Return the arrays of a model's C and what its header states; raises FileFormatError."""
    artifact, constants = read_c_folder(folder)
    source = COMMENT.sub("", artifact.files[artifact.entry_point].decode(errors="replace"))
    tensors = []
    for kind, name, _, body in ARRAY.findall(source):
        if not name.startswith(f"{artifact.name}_"):
            continue  # a local table of the engine
        values = [int(each, 0) for each in re.findall(r"-?\b(?:0[xX][0-9a-fA-F]+|\d+)", body)]
        stored = len(values) * TYPES[kind]
        # Codes, indices and code words hold zeros that are no zero weights: sparsity is the packed model's to tell.
        tensors.append(TensorRow(name, (len(values),), kind, stored, True))
    held = sum(tensor.stored_bytes for tensor in tensors)
    parts = {"constant arrays": held} | {
        f"{key} (header)": value for key, value in constants.items() if "BYTES" in key
    }
    facts = tuple(f"{key.lower()} {value}" for key, value in constants.items() if "BYTES" not in key)
    size = sum(map(len, artifact.files.values()))
    return FileInspection("c", artifact.name, size, (), tuple(tensors), parts, facts)
