"""The arena that TFLite Micro asks for on this machine, measured in a process of its own and kept in the cache.

The package is a 64-bit build: a 32-bit core needs less, since an arena holds structures of pointers. A file that
crashes the interpreter ends only that process.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from tinygmp.artifact import write_atomically
from tinygmp.device.native_code import cache_folder
from tinygmp.errors import FileFormatError, MissingToolError, OutputError

PACKAGE = "tflite-micro"
ARENA_LIMIT_BYTES = 1 << 28
TIME_LIMIT_S = 120


@dataclass(frozen=True)
class Arena:
    """Bytes of arena in use, None where TFLite Micro refuses the model, and then why."""

    bytes: int | None
    refusal: str = ""


def micro_arena(path: Path, cached: bool = True) -> Arena:
    """Return the arena of a .tflite file; raises MissingToolError without tflite-micro."""
    if importlib.util.find_spec("tflite_micro") is None:
        raise MissingToolError(
            "the arena cannot be measured: TFLite Micro is absent; install it with: pip install tflite-micro"
        )
    version = importlib.metadata.version(PACKAGE)
    digest = hashlib.sha256(f"{version}\0{ARENA_LIMIT_BYTES}\0".encode() + path.read_bytes()).hexdigest()
    kept = cache_folder() / "arenas" / f"{digest}.json"
    if cached and (known := recalled(kept)) is not None:
        return known
    found = measure_apart(path)
    if cached:
        with contextlib.suppress(OutputError):
            write_atomically(kept, json.dumps(asdict(found)).encode())
    return found


def recalled(path: Path) -> Arena | None:
    try:
        return Arena(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def measure_apart(path: Path) -> Arena:
    """Measure in another process; its words on standard error tell why a model was refused."""
    command = [sys.executable, "-m", __name__, str(path)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=TIME_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Arena(None, f"took over {TIME_LIMIT_S} s")
    if done.returncode == 0:
        return Arena(int(done.stdout.split()[-1]))
    if done.returncode < 0:
        return Arena(None, f"crashed (signal {-done.returncode})")
    words = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    told = [line for line in words if "not supported" in line or "failed to prepare" in line]
    return Arena(None, "; ".join(dict.fromkeys(told or words[-1:]))[:300].rstrip(".") or "gave no reason")


def main() -> None:
    from converters.to_tflite.micro import measure_arena_bytes, open_interpreter_micro

    try:
        interpreter = open_interpreter_micro(Path(sys.argv[1]).read_bytes(), ARENA_LIMIT_BYTES)
        print(measure_arena_bytes(interpreter))
    except FileFormatError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
