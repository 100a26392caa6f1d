"""What lies in a folder of generated C: the model's arrays, and what its header states."""

import re
from pathlib import Path

from tinygmp.artifact import Artifact
from tinygmp.errors import FileFormatError
from tinygmp.foreign import reads
from tinygmp.inspect.file import FileInspection, TensorRow

TYPES = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "uint16_t": 2, "int32_t": 4, "uint32_t": 4}
ARRAY = re.compile(r"\bconst (u?int(?:8|16|32)_t) (\w+)\[(\d*)\][^=;{}]*= *\{([^{}]*)\}")
MODEL = re.compile(r"\b(\w+)_(step|classify|run)\(")
MOST_FILE_BYTES = 1 << 27
REMEDY = "give the folder that `tinygmp convert --to c` wrote"
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


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


@reads("a folder of generated C", REMEDY, FileFormatError)
def read_c_folder(folder: Path) -> tuple[Artifact, dict[str, int]]:
    """Return the artifact of a folder, and the numbers that its header defines ('CHANNELS' -> 9)."""
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".c", ".h") and path.is_file() and path.stat().st_size <= MOST_FILE_BYTES:
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    models = [found for name, text in files.items() if (found := model_of(name, text, files))]
    if len(models) != 1:
        named = ", ".join(name for name, _, _ in models) or "none"
        raise FileFormatError(f"folder '{folder}' must hold the C of one model, found {named}; {REMEDY}")
    name, source, interface = models[0]
    header = files[source.removesuffix(".c") + ".h"].decode(errors="replace")
    defined = re.findall(rf"^#define {name.upper()}_(\w+) (\d{{1,9}})\b", header, re.MULTILINE)
    return Artifact("c", name, files, source, interface=interface), {
        key: int(value) for key, value in defined
    }


def model_of(path: str, text: bytes, files: dict[str, bytes]) -> tuple[str, str, str] | None:
    """Return (prefix, source, interface) of a model's source: its header declares <prefix>_step and the classes."""
    if not path.endswith(".c") or (header := path.removesuffix(".c") + ".h") not in files:
        return None
    prefix = Path(path).stem
    declared = files[header].decode(errors="replace")
    for name, verb in MODEL.findall(declared):
        if name == prefix and f"#define {prefix.upper()}_CLASSES " in declared:
            return prefix, path, "stream" if verb == "step" else "graph"
    return None
