"""What image networks cost: on simulated cores by instructions, and to convert by time and memory.

    python scripts/bench_images.py --out docs/reports/bench_images.json
    python scripts/bench_images.py --convert model.tgmp ...     # also times the conversion to every target

The network on cores has the shape of Visual Wake Words: MobileNet-V1 0.25, 96 x 96, two classes, 7.49 M
multiply-adds. Its weights are random, which changes no count of a dense network; sparse ones have exact fractions.
The rivals' figures were measured elsewhere, of the trained network of that shape; their source stands beside them.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from converters.base import TARGETS, converter
from tinygmp.artifact import write_atomically
from tinygmp.data.images import random_images, takes_image
from tinygmp.device.board import find_board
from tinygmp.device.lab import simulate
from tinygmp.device.toolchain import build, with_unlimited_memory
from tinygmp.device.words import words_of
from tinygmp.errors import ConfigError
from tinygmp.graph.file import load_model
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.reference.run import run

BOARDS = {"cortex-m4f": "nucleo-l432kc", "cortex-m0plus": "nucleo-g071rb"}
NETWORKS = {"dense": (1.0, "dense"), "75 % zeros": (0.25, "bitmask"), "90 % zeros": (0.1, "rice")}
LEVELS = ("smallest", "fastest")
RIVALS = (
    ("TFLite Micro + CMSIS-NN", "cortex-m4f", 386_204, 100_708, 24.10),
    ("TFLite Micro, reference kernels", "cortex-m4f", 374_260, 100_660, 100.2),
    ("TFLite Micro + CMSIS-NN", "cortex-m0plus", 390_984, 100_708, 86.9),
    ("TinyMaix, smallest", "cortex-m4f", 240_680, 55_296, 43.3),
    ("TinyMaix, fastest", "cortex-m4f", 252_968, 55_296, 31.6),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="the report, JSON")
    parser.add_argument("--convert", type=Path, nargs="*", default=[], help=".tgmp files to convert and time")
    parser.add_argument(
        "--measure", type=Path, nargs="*", default=[], help=".tgmp files to run on the cores too"
    )
    parser.add_argument("--convert-one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.convert_one:
        print(json.dumps(conversion(options.convert_one)))
        return
    report = {
        "network": "MobileNet-V1 0.25, 96 x 96 x 3, 2 classes, random weights, synthetic images",
        "cores": [row for name, model in networks(options.measure).items() for row in on_cores(name, model)],
        "rivals": [
            {
                "engine": engine,
                "core": core,
                "flash_bytes": flash,
                "ram_bytes": ram,
                "million_instructions": count,
            }
            for engine, core, flash, ram, count in RIVALS
        ],
        "rivals_source": "measured on the trained vww_96 network in simulators, not by this script; RAM of TFLite "
        "Micro is its arena, TinyMaix adds 6.4 to 22 KB of stack",
        "conversions": [in_own_process(path) for path in options.convert],
    }
    text = json.dumps(report, indent=1) + "\n"
    print(text)
    if options.out:
        write_atomically(options.out, text.encode())


def networks(stored: list[Path]) -> dict[str, PackedModel]:
    """Return the random networks, and those of files, by name."""
    found = {
        name: random_image_model(5, kept=kept, index_format=index_format)
        for name, (kept, index_format) in NETWORKS.items()
    }
    for path in stored:
        model = load_model(path)
        if not takes_image(model):
            raise ConfigError(f"'{path}' holds no image network; give one to --measure")
        found[path.name] = model
    return found


def on_cores(name: str, model: PackedModel) -> list[dict[str, object]]:
    """Run one network on each core at each optimisation level; every answer must equal the reference's."""
    pixels = random_images(model, 1).first
    expected = run(model, pixels).logits
    artifact = converter("c")(model)
    rows = []
    for core, board in BOARDS.items():
        for level in LEVELS:
            firmware = build(artifact, with_unlimited_memory(find_board(board)), level)
            result = simulate(firmware, words_of(model, [pixels]))
            assert (result.logits == expected).all()
            assert result.step is not None
            rows.append(
                {
                    "network": name,
                    "core": core,
                    "level": level,
                    "million_instructions": round(float(result.step.instructions or 0) / 1e6, 2),
                    "million_cycles": round(result.step.cycles / 1e6, 1) if result.step.cycles else None,
                    "cycles_method": result.step.cycles_method,
                    "flash_bytes": firmware.sizes.flash_bytes,
                    "engine_bytes": firmware.sizes.engine_bytes,
                    "payload_bytes": ledger(model).payload_bytes,
                    "ram_bytes": firmware.sizes.ram_bytes,
                    "stack_bytes": result.stack_bytes,
                    "compiler": firmware.compiler,
                    "equal_to_reference": True,
                }
            )
    return rows


def in_own_process(path: Path) -> dict[str, object]:
    """Return the conversion of one file, measured apart so that its peak memory is its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--convert-one", str(path)], capture_output=True, text=True, check=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def conversion(path: Path) -> dict[str, object]:
    """Read a file and convert it to every target."""
    begin = time.perf_counter()
    model = load_model(path)
    seconds = {"load": time.perf_counter() - begin}
    files: dict[str, int] = {}
    for target in TARGETS:
        begin = time.perf_counter()
        artifact = converter(target)(model)
        seconds[target] = time.perf_counter() - begin
        files |= {name: len(content) for name, content in artifact.files.items()}
    return {
        "model": path.name,
        "weights": sum(tensor.size for tensor in model.tensors()),
        "nnz": model.nnz,
        "payload_bytes": ledger(model).payload_bytes,
        "seconds": {target: round(value, 2) for target, value in seconds.items()},
        "total_seconds": round(sum(seconds.values()), 1),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "file_bytes": files,
    }


if __name__ == "__main__":
    main()
