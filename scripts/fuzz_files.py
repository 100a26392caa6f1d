"""Damaged files of every format that tinygmp reads: each is read, or refused by one of tinygmp's own errors, in time.

python scripts/fuzz_files.py                                   # all formats, 2,000 files each
python scripts/fuzz_files.py --format tflite --files 1000000
python scripts/fuzz_files.py --seconds 600 --report docs/reports/fuzz.json

A file a seed; the same seed makes the same file. Files are read in batches by processes of their own, so that a crash
of a library written in C is found too. Failing files are kept in the folder --keep. Ends with 1 on any failure. `.tgmp`
has a harness of its own that forges digests: scripts/fuzz_tgmp.py.
"""

import argparse
import contextlib
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tinygmp.artifact import write_atomically
from tinygmp.errors import TinyGmpError

BATCH = 2_000
LONGEST_SECONDS = 40  # of one file
MOST_ADDRESS_BYTES = 16 << 30
WORDS = (0, 1, 2, 0x7F, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
TOKENS = (
    *(
        b"",
        b"0",
        b"-1",
        b"1e999",
        b"nan",
        b"inf",
        b"9" * 400,
        b"1_0",
        b"0x10",
        b"[]",
        b"{}",
        b"null",
        b"true",
    ),
    *(
        b'"',
        b"'",
        b"\0",
        b"\n",
        b",",
        b";",
        b"=",
        b"\t",
        b"*/",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"[" * 3000,
        b"../../x",
    ),
)

Read = Callable[[Path], object]


@dataclass
class Tally:
    """What became of the files of one format; a failure holds seed, exception and place."""

    files: int = 0
    read: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--format", action="append", choices=sorted(FORMATS), help="[all]")
    parser.add_argument("--files", type=int, default=2_000, help="of each format")
    parser.add_argument("--seconds", type=float, help="for all formats together, in place of --files")
    parser.add_argument("--seed", type=int, default=0, help="of the first file")
    parser.add_argument("--report", type=Path, help="JSON file to write")
    parser.add_argument("--keep", type=Path, default=Path("runs/fuzz"), help="folder of failing files")
    parser.add_argument("--batch", nargs=2, type=int, metavar=("SEED", "FILES"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    names = options.format or sorted(FORMATS)
    if options.batch:
        print(json.dumps(vars(fuzz(names[0], *options.batch, options.keep))))
        return 0
    begin = time.monotonic()
    found = {}
    for place, name in enumerate(names):
        left = None
        if options.seconds is not None:
            left = (options.seconds - (time.monotonic() - begin)) / (len(names) - place)
        tally = found[name] = in_batches(name, options.seed, options.files, left, options.keep)
        counts = f"{tally.files:10,} files, {tally.read:,} read, {len(tally.failures)} failures"
        print(f"{name:12} {counts}, slowest {tally.slowest_seconds:.2f} s", flush=True)
        for failure in tally.failures[:10]:
            print(f"  FAILED {failure}")
    if options.report:
        plain = {name: vars(tally) for name, tally in found.items()}
        write_atomically(options.report, (json.dumps(plain, indent=1) + "\n").encode())
    return 1 if any(tally.failures for tally in found.values()) else 0


def in_batches(name: str, seed: int, files: int, seconds: float | None, keep: Path) -> Tally:
    """Read the damaged files of one format in processes of their own; a process that dies is a failure."""
    total, begin = Tally(), time.monotonic()
    while total.files < files if seconds is None else time.monotonic() - begin < seconds:
        count = min(BATCH, files - total.files) if seconds is None else BATCH // 4
        first = seed + total.files
        command = [
            sys.executable,
            __file__,
            "--format",
            name,
            "--keep",
            str(keep),
            "--batch",
            str(first),
            str(count),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            total.failures.append(
                f"seeds {first}..: process ended with {done.returncode}: {done.stderr[-300:]}"
            )
            total.files += count
            continue
        add(total, json.loads(done.stdout.splitlines()[-1]))
    return total


def add(total: Tally, batch: dict) -> None:
    total.files += batch["files"]
    total.read += batch["read"]
    total.refused.update(batch["refused"])
    total.failures += batch["failures"]
    total.slowest_seconds = max(total.slowest_seconds, batch["slowest_seconds"])


def fuzz(name: str, seed: int, files: int, keep: Path) -> Tally:
    """Read `files` damaged files of one format in this process."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESS_BYTES, MOST_ADDRESS_BYTES))
    signal.signal(signal.SIGALRM, too_slow)
    ending, text, seeds, read = FORMATS[name]
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"damaged{ending}"
        honest = seeds(Path(folder))
        for each in range(seed, seed + files):
            path.write_bytes(damaged(np.random.default_rng(each), honest, text))
            if failure := judged(tally, read, path):
                tally.failures.append(f"{name} seed {each}: {failure}")
                write_atomically(keep / f"{name}_{each}{ending}", path.read_bytes())
    return tally


class TooSlowError(BaseException):
    """Not an Exception, so that no reader takes it for damage."""


def too_slow(*_: object) -> None:
    raise TooSlowError


def judged(tally: Tally, read: Read, path: Path) -> str:
    """Read one file; return what is wrong with how that ended, or nothing."""
    begin, failure = time.perf_counter(), ""
    signal.alarm(LONGEST_SECONDS)
    try:
        read(path)
        tally.read += 1
    except TinyGmpError as error:
        tally.refused[type(error).__name__] += 1
        if "\n" in str(error).strip() and not str(error).isprintable():
            failure = f"more than one line: {str(error)[:200]!r}"
    except TooSlowError:
        failure = f"took over {LONGEST_SECONDS} s"
    except Exception:
        failure = " | ".join(line.strip() for line in traceback.format_exc(limit=-2).splitlines()[1:])
    finally:
        signal.alarm(0)
    tally.files += 1
    tally.slowest_seconds = max(tally.slowest_seconds, time.perf_counter() - begin)
    return failure


def damaged(rng: np.random.Generator, honest: Sequence[bytes], text: bool) -> bytes:
    """Return an honest file with one to four kinds of damage."""
    content = bytearray(honest[rng.integers(len(honest))])
    kinds = TEXT_DAMAGES if text else DAMAGES
    for _ in range(rng.integers(1, 5)):
        if content:
            kinds[rng.integers(len(kinds))](rng, content)
    return bytes(content)


def spot(rng: np.random.Generator, content: bytearray) -> int:
    """Return a place, half of the time near one of the ends, where structure lies."""
    near = min(len(content), 2048)
    side = rng.integers(4)
    if side == 0:
        return int(rng.integers(near))
    return len(content) - 1 - int(rng.integers(near)) if side == 1 else int(rng.integers(len(content)))


def cut(rng: np.random.Generator, content: bytearray) -> None:
    if rng.random() < 0.3:
        del content[spot(rng, content) :]


def flip(rng: np.random.Generator, content: bytearray) -> None:
    content[spot(rng, content)] ^= 1 << int(rng.integers(8))


def byte(rng: np.random.Generator, content: bytearray) -> None:
    content[spot(rng, content)] = int(rng.integers(256))


def word(rng: np.random.Generator, content: bytearray) -> None:
    at = spot(rng, content) & ~3
    size = int(rng.choice([2, 4, 8]))
    content[at : at + size] = int(WORDS[rng.integers(len(WORDS))]).to_bytes(8, "little")[:size]


def move(rng: np.random.Generator, content: bytearray) -> None:
    begin, target = spot(rng, content), spot(rng, content)
    piece = content[begin : begin + int(rng.integers(1, 64))]
    content[target : target + len(piece) * int(rng.integers(2))] = piece


def token(rng: np.random.Generator, content: bytearray) -> None:
    at = spot(rng, content)
    content[at : at + int(rng.integers(0, 8))] = TOKENS[rng.integers(len(TOKENS))]


DAMAGES = (cut, flip, byte, word, word, move)
TEXT_DAMAGES = (cut, flip, byte, move, token, token, token)


def tflite_files(_: Path) -> list[bytes]:
    from converters.base import converter
    from tinygmp.graph.random_image_model import random_image_model

    files = converter("tflite")(random_image_model(1, 12, 4, ((6, 1), (8, 2)), 3, 0.4, "dense")).files
    return [
        content
        for name, content in sorted(files.items())
        if name.endswith(".tflite") and "sparse" not in name
    ]


def onnx_files(_: Path) -> list[bytes]:
    from onnx import TensorProto, helper, numpy_helper

    from converters.base import converter
    from tinygmp.graph.random_image_model import random_image_model

    rng = np.random.default_rng(0)
    weights = {"w": (4, 3, 3, 3), "b": (4,), "f": (256, 2), "c": (2,)}
    held = [
        numpy_helper.from_array(rng.normal(size=shape).astype("f4"), name) for name, shape in weights.items()
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["h"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Flatten", ["r"], ["v"]),
        helper.make_node("Gemm", ["v", "f", "c"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in (("x", [1, 3, 8, 8]), ("y", [1, 2]))]  # fmt: skip
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], held)
    integers = converter("onnx")(random_image_model(1, 12, 4, ((6, 1), (8, 2)), 3, 0.4, "dense")).files
    whole = [content for name, content in sorted(integers.items()) if name.endswith("_int8.onnx")]
    return [helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]).SerializeToString(), *whole]


def elf_files(_: Path) -> list[bytes]:
    from converters.base import converter
    from tinygmp.device.board import find_board
    from tinygmp.device.toolchain import build
    from tinygmp.graph.random_model import random_model

    artifact = converter("c")(random_model(seed=4, hidden=12))
    return [build(artifact, find_board(name)).elf for name in ("nucleo-g071rb", "esp32-c3")]


def keras_config() -> dict:
    layers = [
        {"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [None, 8, 8, 3]}},
        {"class_name": "Conv2D", "config": {"name": "conv", "filters": 4, "kernel_size": [3, 3], "strides": [1, 1],
         "padding": "same", "dilation_rate": [1, 1], "groups": 1, "activation": "relu", "use_bias": True,
         "data_format": "channels_last"}},
        {"class_name": "Flatten", "config": {"name": "flat", "data_format": "channels_last"}},
        {"class_name": "Dense", "config": {"name": "fc", "units": 2, "activation": "softmax", "use_bias": True}},
    ]  # fmt: skip
    return {"class_name": "Sequential", "config": {"name": "m", "layers": layers}}


def h5_files(folder: Path) -> list[bytes]:
    import h5py

    rng, path = np.random.default_rng(0), folder / "honest.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(keras_config())
        for name, shape in (("conv", (3, 3, 3, 4)), ("fc", (256, 2))):
            file[f"model_weights/{name}/{name}/kernel:0"] = rng.normal(size=shape).astype("f4")
            file[f"model_weights/{name}/{name}/bias:0"] = np.zeros(shape[-1], "f4")
    return [path.read_bytes()]


def keras_files(folder: Path) -> list[bytes]:
    import zipfile

    import h5py

    rng, path, inner = np.random.default_rng(0), folder / "honest.keras", folder / "weights.h5"
    with h5py.File(inner, "w") as file:
        for name, shape in (("conv2d", (3, 3, 3, 4)), ("dense", (256, 2))):
            file[f"layers/{name}/vars/0"] = rng.normal(size=shape).astype("f4")
            file[f"layers/{name}/vars/1"] = np.zeros(shape[-1], "f4")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(keras_config()))
        archive.write(inner, "model.weights.h5")
    return [path.read_bytes()]


def mobilenet_state() -> dict:
    from tinygmp.models.mobilenet_v1 import MobileNetV1

    return {
        key: value.contiguous() for key, value in MobileNetV1(width=0.03125, classes=4).state_dict().items()
    }


def torch_files(folder: Path) -> list[bytes]:
    import torch

    torch.save(mobilenet_state(), folder / "honest.pt")
    return [(folder / "honest.pt").read_bytes()]


def safetensors_files(_: Path) -> list[bytes]:
    from safetensors.torch import save

    return [save(mobilenet_state())]


def csv_files(_: Path) -> list[bytes]:
    rows = "".join(f"{n},{n * 0.5},-{n}.25,walk,anna\n" for n in range(30))
    return [f"time,x,y,label,person\n{rows}".encode(), rows.replace(",", ";").encode()]


def recipe_files(folder: Path) -> list[bytes]:
    from tinygmp.data.example_recordings import write_example
    from tinygmp.projects.init import write_recipe

    write_example(folder / "recordings")
    write_recipe(folder / "recordings", folder / "honest.toml")
    return [(folder / "honest.toml").read_bytes()]


def board_files(_: Path) -> list[bytes]:
    from tinygmp.device.board import FOLDER

    return [path.read_bytes() for path in sorted(FOLDER.glob("*.toml"))[:6]]


def read_network(path: Path) -> object:
    """Read a file as every command that takes one would."""
    from tinygmp.inspect.artifact import inspect_artifact
    from tinygmp.readers.load import Meaning, load_graph
    from tinygmp.shipped import is_packed, open_model

    with contextlib.suppress(TinyGmpError):
        inspect_artifact(str(path))
    size = 32 if path.suffix in (".pt", ".safetensors") else None
    return open_model(str(path)) if is_packed(path) else load_graph(path, Meaning(size=size))


def read_elf(path: Path) -> object:
    from tinygmp.budget.boards import every_board
    from tinygmp.budget.elf_file import budget_elf
    from tinygmp.inspect.artifact import inspect_artifact

    inspect_artifact(str(path))
    return budget_elf(path, every_board(str(path)).boards[:3])


def read_columns(path: Path) -> object:
    from tinygmp.data.table import read_table

    table = read_table(path)
    return table.numbers([name for name in table.columns if name not in ("label", "person", "c3", "c4")])


def read_own_recipe(path: Path) -> object:
    from tinygmp.projects.recipe import open_recipe

    return open_recipe(path)


def read_own_boards(path: Path) -> object:
    from tinygmp.device.board import read_board, read_boards

    try:
        return read_board(path)
    except TinyGmpError:
        return read_boards(path)


# Ending, whether it is text, maker of honest files, reader.
FORMATS: dict[str, tuple[str, bool, Callable[[Path], list[bytes]], Read]] = {
    "tflite": (".tflite", False, tflite_files, read_network),
    "onnx": (".onnx", False, onnx_files, read_network),
    "h5": (".h5", False, h5_files, read_network),
    "keras": (".keras", False, keras_files, read_network),
    "torch": (".pt", False, torch_files, read_network),
    "safetensors": (".safetensors", False, safetensors_files, read_network),
    "elf": (".elf", False, elf_files, read_elf),
    "csv": (".csv", True, csv_files, read_columns),
    "recipe": (".toml", True, recipe_files, read_own_recipe),
    "board": (".toml", True, board_files, read_own_boards),
}

if __name__ == "__main__":
    sys.exit(main())
