"""Bytes of pruned weights: every storage format of tinygmp beside other people's and the information limit.

python scripts/bench_formats.py --output runs/bench_formats
TINYGMP_DATA=... python scripts/bench_formats.py --output runs/bench_formats    adds MobileNet-V1 1.0

Writes NAME.json, NAME.csv and NAME.png. Random masks, a packed model (--model) and MobileNet-V1 weights, all layers
ranked together by magnitude; every format and every rival gets the same tensors.
"""

import argparse
import csv
import io
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from tinygmp.artifact import write_atomically
from tinygmp.errors import FormatError
from tinygmp.graph.file import load_model
from tinygmp.graph.random_weights import random_weights
from tinygmp.sparse.choice import READ_BY_EVERY_TARGET, choose, encodings
from tinygmp.sparse.limits import entropy_limit_bits, limit_bits
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS, value_format
from tinygmp.sparse.rivals import rivals

SPARSITIES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)
RANDOM_SHAPE = (256, 256)
LARGEST_VALUE = {"int8": 127, "int4": 7, "ternary": 1}
UNSTRUCTURED = tuple(name for name in INDEX_FORMATS if not name.startswith("block") and "of" not in name)
SMALLEST = "smallest of all tinygmp formats"
SMALLEST_INT8 = "smallest that every target reads"
MOBILENET = Path("mobilenet_v1", "mobilenet_v1_1.0_224_w8.npz")


@dataclass(frozen=True)
class Row:
    """Bytes of one set of tensors in one format; limits are n*h2(k/n) + k*b and H(mask) + H(values), in bytes."""

    tensors: str
    sparsity: float
    values: str
    format: str
    bytes: int
    nonzeros: int
    limit_bytes: float
    entropy_limit_bytes: float

    @property
    def bytes_per_nonzero(self) -> float:
        return self.bytes / self.nonzeros

    def as_dict(self) -> dict[str, float | int | str]:
        over = {
            "over_limit": self.bytes / self.limit_bytes - 1,
            "over_entropy_limit": self.bytes / self.entropy_limit_bytes - 1,
        }
        return {**asdict(self), "bytes_per_nonzero": self.bytes_per_nonzero, **over}


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    rows = list(random_rows(options.seeds))
    if options.model:
        rows += tensor_rows(
            "packed model", [tensor.decode() for tensor in load_model(options.model).tensors()]
        )
    seconds = {}
    if root := os.environ.get("TINYGMP_DATA"):
        for sparsity in (0.75, 0.9):
            matrices = pruned_mobilenet(Path(root) / MOBILENET, sparsity)
            name = f"MobileNet-V1 1.0, {sparsity:.0%} pruned"
            rows += tensor_rows(name, matrices)
            seconds[name] = packing_seconds(matrices)
    console = Console()
    show(console, rows)
    for name, spent in seconds.items():
        console.print(f"{name}: packed with every format tried in {spent:.1f} s of one core")
    save(options.output, rows, seconds)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("runs/bench_formats"), help="path without suffix")
    parser.add_argument("--model", type=Path, help="a .tgmp file whose weights are measured too")
    parser.add_argument("--seeds", type=int, default=3, help="random masks for each sparsity")
    return parser.parse_args(arguments)


def random_rows(seeds: int) -> Iterator[Row]:
    """Yield rows of random masks with uniform values; bytes are means over the seeds."""
    for sparsity in SPARSITIES:
        for values, largest in LARGEST_VALUE.items():
            matrices = []
            for seed in range(seeds):
                q = random_weights(np.random.default_rng(seed), *RANDOM_SHAPE, 1 - sparsity)
                fewer = (np.abs(q.astype(int)) - 1) % largest + 1
                matrices.append((np.sign(q) * fewer).astype(np.int8))
            yield from tensor_rows(f"random {RANDOM_SHAPE[0]} x {RANDOM_SHAPE[1]}", matrices, values)


def tensor_rows(name: str, matrices: Sequence[np.ndarray], values: str = "int8") -> Iterator[Row]:
    """Yield one row for each format and rival: bytes summed over the matrices that are packed one by one."""
    bits = value_format(values).bits
    size, nonzeros = sum(q.size for q in matrices), int(sum(np.count_nonzero(q) for q in matrices))
    limit = sum(limit_bits(q.size, int(np.count_nonzero(q)), bits) for q in matrices) / 8
    entropy = sum(entropy_limit_bits(q) for q in matrices) / 8
    sizes = [format_bytes(q, values) for q in matrices]
    for each in sizes[0]:
        if all(each in one for one in sizes):
            total = sum(one[each] for one in sizes)
            yield Row(name, round(1 - nonzeros / size, 4), values, each, total, nonzeros, limit, entropy)


def format_bytes(q: np.ndarray, values: str) -> dict[str, int]:
    """Return the payload of one matrix by format; rivals store int8 values only."""
    sizes: dict[str, int] = {}
    chosen = UNSTRUCTURED if values == "int8" else READ_BY_EVERY_TARGET
    for tensor in encodings("t", q, 1.0, chosen, (values,), []):
        sizes[tensor.index_format] = tensor.payload_bytes
    if values == "int8":
        sizes[SMALLEST_INT8] = choose("t", q, 1.0).payload_bytes
        sizes[SMALLEST] = choose("t", q, 1.0, tuple(INDEX_FORMATS), tuple(VALUE_FORMATS)).payload_bytes
        sizes |= {name: size(q) for name, size in rivals().items()}
    return sizes


def pruned_mobilenet(path: Path, sparsity: float) -> list[np.ndarray]:
    """Return the int8 matrices of all layers, pruned by one threshold on the real magnitudes."""
    with np.load(path) as arrays:
        layers = [name.removesuffix(".weight_q") for name in arrays if name.endswith(".weight_q")]
        weights = [arrays[f"{layer}.weight_q"] for layer in layers]
        scales = [float(arrays[f"{layer}.scale"]) for layer in layers]
    real = [np.abs(q.astype(np.float32) * scale) for q, scale in zip(weights, scales, strict=True)]
    ranked = np.concatenate([each.ravel() for each in real])
    threshold = np.partition(ranked, place := int(sparsity * ranked.size))[place]
    return [
        (np.clip(q, -127, 127) * (magnitude >= threshold)).astype(np.int8).reshape(len(q), -1)
        for q, magnitude in zip(weights, real, strict=True)
    ]


def packing_seconds(matrices: Sequence[np.ndarray]) -> float:
    """Return processor seconds of choosing among all formats."""
    begin = time.process_time()
    for q in matrices:
        choose("t", q, 1.0, tuple(INDEX_FORMATS), tuple(VALUE_FORMATS))
    return time.process_time() - begin


def show(console: Console, rows: Sequence[Row]) -> None:
    """Print bytes per nonzero: a table of formats by sparsity for each kind of values, and one for real weights."""
    random = [row for row in rows if row.tensors.startswith("random")]
    for values in LARGEST_VALUE:
        columns = [row for row in random if row.values == values]
        if columns:
            by_sparsity(console, f"{columns[0].tensors}, {values}: bytes per nonzero", columns)
    for name in dict.fromkeys(row.tensors for row in rows if row not in random):
        table = Table("format", "bytes", "B / nonzero", "over H(mask)+H(values)", title=name)
        for row in sorted((row for row in rows if row.tensors == name), key=lambda row: row.bytes):
            over = f"{row.bytes / row.entropy_limit_bytes - 1:+.2%}"
            table.add_row(row.format, f"{row.bytes:,}", f"{row.bytes_per_nonzero:.3f}", over)
        console.print(table)


def by_sparsity(console: Console, title: str, rows: Sequence[Row]) -> None:
    table = Table("format", *(f"{sparsity:.0%}" for sparsity in SPARSITIES), title=title)
    limits = {row.sparsity: row.limit_bytes / row.nonzeros for row in rows}
    table.add_row("n h2(k/n) + k b", *(f"{limit:.3f}" for limit in limits.values()), end_section=True)
    for each in dict.fromkeys(row.format for row in rows):
        cells = {row.sparsity: f"{row.bytes_per_nonzero:.3f}" for row in rows if row.format == each}
        table.add_row(each, *(cells.get(sparsity, "") for sparsity in limits))
    console.print(table)


def save(path: Path, rows: Sequence[Row], seconds: dict[str, float]) -> None:
    """Write PATH.json, PATH.csv and, with matplotlib, PATH.png."""
    dicts = [row.as_dict() for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    report = {"rows": dicts, "packing_seconds": seconds}
    write_atomically(path.with_suffix(".json"), json.dumps(report, indent=1).encode())
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dicts[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(dicts)
    write_atomically(path.with_suffix(".csv"), text.getvalue().encode())
    write_atomically(path.with_suffix(".png"), plot(rows))


def plot(rows: Sequence[Row]) -> bytes:
    """Return a PNG: bytes per nonzero of random int8 matrices over sparsity."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    random = [row for row in rows if row.tensors.startswith("random") and row.values == "int8"]
    drawn = [SMALLEST_INT8, "bitmask", "relative4", "csr8", *rivals()]
    for number, name in enumerate(drawn):
        points = [(row.sparsity, row.bytes_per_nonzero) for row in random if row.format == name]
        if not points or name in ("ONNX sparse_initializer", "EdgeML, int8 values"):
            continue  # 9 and 5 B a value would flatten all others
        style = {"linestyle": "--"} if name in rivals() else {"linewidth": 2.5 if name == drawn[0] else 1.2}
        axes.plot(
            *zip(*points, strict=True), label=name, color=f"C{number}" if number < 10 else "gold", **style
        )
    limit = sorted({(row.sparsity, row.limit_bytes / row.nonzeros) for row in random})
    axes.plot(*zip(*limit, strict=True), color="black", linestyle=":", label="n h2(k/n) + 8 k bits")
    axes.set(xlabel="sparsity", ylabel="bytes per nonzero", title="int8 weights, random masks", ylim=(1, 4))
    axes.legend(fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=150)
    return buffer.getvalue()


if __name__ == "__main__":
    try:
        main()
    except FormatError as error:
        raise SystemExit(str(error)) from error
