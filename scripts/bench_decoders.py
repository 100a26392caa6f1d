"""Code bytes and cycles of every decoder on simulated cores; they become the table that choices of formats use.

python scripts/bench_decoders.py

Each format reads a random matrix once a step, every product compared with Python's. An index format is read with int8
values at two densities: the slope is its cost a stored value, the rest its cost a weight (rows of 64 columns, their
overhead included). A value format is read behind csr16, and costs what it takes beyond int8 there. A piece's code is
what the program grows by. Cortex-M0+ cycles come from the lab's model, AVR's from simavr; for Cortex-M4 and RV32
instructions stand for cycles.
"""

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from converters.to_c.arrays import stream_arrays
from converters.to_c.readers import definitions, reader
from converters.to_c.runtime_text import joined_kernels
from tinygmp.artifact import Artifact, write_atomically
from tinygmp.device.board import find_board
from tinygmp.device.lab import measure
from tinygmp.device.report import DeviceReport
from tinygmp.sparse import encode
from tinygmp.sparse.decode_cost import CODE_SHARED_BY, MEASURED
from tinygmp.sparse.field_values import POWERS
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS
from tinygmp.sparse.tensor import PackedTensor

BOARDS = ("arduino-uno", "nucleo-g071rb", "nucleo-f446re", "longan-nano")
ROWS, COLUMNS = 32, 64
DENSITIES = (0.1, 0.4)
CARRIER = "csr16"  # the plainest index kernel that takes any value kernel
LEVELS = {
    "int4": range(1, 8),
    "ternary": [1],
    "power2": POWERS,
    "codebook4": [9],
    "codebook8": [5, 20, 60],
    "codebook16": range(3, 10),
}
PATTERNS = {"1of4": (1, 4), "2of4": (2, 4), "4of8": (4, 8)}
STATE = np.array([(column * 37 + 11) % 255 - 127 for column in range(COLUMNS)], np.int8)

HEADER = f"""#include <stdint.h>
#define PROBE_CHANNELS 1
#define PROBE_CLASSES 2
typedef struct {{ int8_t x[{COLUMNS}]; uint32_t sum; }} probe_state;
void probe_init(probe_state *state);
void probe_step(probe_state *state, const int16_t *counts);
uint8_t probe_predict(probe_state *state, int32_t *logits);
"""
SOURCE = """#include "probe.h"
{kernels}
{arrays}
void probe_init(probe_state *state)
{{
    uint16_t column;
    for (column = 0; column < {columns}; column++) {{
        state->x[column] = (int8_t)((column * 37u + 11u) % 255u - 127u);
    }}
    state->sum = 0;
}}
void probe_step(probe_state *state, const int16_t *counts)
{{
    uint8_t row;
    {variable}
    (void)counts;
    for (row = 0; row < {rows}; row++) {{
        state->sum = state->sum * 3u + (uint32_t){product};
    }}
}}
uint8_t probe_predict(probe_state *state, int32_t *logits)
{{
    logits[0] = (int32_t)(state->sum >> 1);
    logits[1] = 0;
    return 0;
}}
"""


@dataclass(frozen=True)
class Probe:
    """A program that reads one matrix once a step; without a tensor, what it costs to do nothing."""

    tensor: PackedTensor | None

    @property
    def artifact(self) -> Artifact:
        kernels, arrays, variable, product = joined_kernels(("tg_platform.h",)), "", "", "state->x[row]"
        if self.tensor is not None:
            side = reader(self.tensor, "probe_m", every_step=False)
            kernels = joined_kernels(side.kernels) + definitions((side,))
            listed = stream_arrays(SimpleNamespace(name="probe"), self.tensor)  # type: ignore[arg-type]
            arrays = "\n".join(
                f"static const {each.c_type} {each.symbol}[] TG_FLASH = {{ {' '.join(each.lines)} }};"
                for each in listed
            )
            variable, product = f"{side.struct} {side.rows};\n    {side.init};", side.dot("state->x")
        fields = {"kernels": kernels, "arrays": arrays, "variable": variable, "product": product}
        text = SOURCE.format(rows=ROWS, columns=COLUMNS, **fields)
        return Artifact("c", "probe", {"probe.h": HEADER.encode(), "probe.c": text.encode()}, "probe.c", {})

    def reference(self, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return logits and classes of windows of any length: every step adds the same products."""
        rows = STATE[:ROWS] if self.tensor is None else self.tensor.decode().astype(int) @ STATE
        total = 0
        for product in np.tile(rows, counts.shape[1]).tolist():
            total = (total * 3 + product) % (1 << 32)
        logits = np.tile(np.array([total >> 1, 0], np.int32), (len(counts), 1))
        return logits, logits.argmax(axis=1)

    def measure(self, board: str, optimise: str) -> DeviceReport:
        found = find_board(board)
        report = measure(self.artifact, found, np.zeros((1, 2, 1), np.int16), self.reference, optimise)
        if report.parity is None or not report.parity.exact:
            raise SystemExit(
                f"{board}: {self.tensor and self.tensor.index_format} reads other weights than Python"
            )
        return report


def weights(index_format: str, value_format: str, kept: float) -> np.ndarray:
    """Return random pruned weights that both formats hold, int8 [32, 64]; N:M patterns are full, blocks whole."""
    rng = np.random.default_rng(5)
    mask = rng.random((ROWS, COLUMNS)) < kept
    if index_format.startswith("block"):
        width = int(index_format[5:])
        mask = np.repeat(rng.random((ROWS, COLUMNS // width)) < kept, width, axis=1)
    if index_format in PATTERNS:
        n, m = PATTERNS[index_format]
        mask = rng.random((ROWS, COLUMNS // m, m)).argsort(axis=2).reshape(ROWS, COLUMNS) < n
    if index_format == "dense":
        mask[:] = True
    # Magnitudes above a threshold, few of them large, as pruning by magnitude leaves them.
    magnitudes = np.minimum(20 + rng.exponential(18, mask.shape), 127).astype(int)
    if value_format in LEVELS:
        magnitudes = np.array(LEVELS[value_format])[magnitudes % len(LEVELS[value_format])]
    return (magnitudes * rng.choice([-1, 1], mask.shape) * mask).astype(np.int8)


def probes() -> dict[str, Probe]:
    """Return what is measured, by name: 'nothing', '<index> int8 <density>', 'csr16 <values>', 'rice int8_rice' ..."""
    pairs = {f"{index} {kept}": (index, "int8", kept) for index in INDEX_FORMATS for kept in DENSITIES}
    pairs |= {
        f"{CARRIER} {value}": (CARRIER, value, DENSITIES[1]) for value in VALUE_FORMATS if value != "int8"
    }
    packed = {
        name: encode("m", weights(index, value, kept), 1.0, index, value)
        for name, (index, value, kept) in pairs.items()
    }
    return {"nothing": Probe(None)} | {name: Probe(tensor) for name, tensor in packed.items()}


def cost_of(reports: dict[str, DeviceReport], asked: dict[str, Probe]) -> dict[str, Any]:
    """Return a core's table: code bytes by piece, cycles a weight and a stored value by format."""
    unit = "cycles" if reports["nothing"].cycles_per_step is not None else "instructions"
    spent = {name: float(getattr(report, f"{unit}_per_step")) for name, report in reports.items()}
    code = {name: report.engine_bytes for name, report in reports.items()}
    per_weight, per_stored = {}, {}
    for index in INDEX_FORMATS:
        few, many = (f"{index} {kept}" for kept in DENSITIES)
        stored = [len(asked[name].tensor.positions()) for name in (few, many)]  # type: ignore[union-attr]
        beyond = spent[many] - spent["nothing"]
        fixed = stored[0] == stored[1]
        slope = beyond / stored[1] if fixed else (spent[many] - spent[few]) / (stored[1] - stored[0])
        per_stored[index] = round(slope, 2)
        per_weight[index] = round(max(0.0, (beyond - slope * stored[1]) / (ROWS * COLUMNS)), 2)
    plain = f"{CARRIER} {DENSITIES[1]}"
    stored_values = len(asked[plain].tensor.positions())  # type: ignore[union-attr]
    for value in VALUE_FORMATS:
        name = plain if value == "int8" else f"{CARRIER} {value}"
        per_stored[value] = round((spent[name] - spent[plain]) / stored_values, 2)
    pieces = {
        piece: code[f"{index} {DENSITIES[1]}"] - code["nothing"]
        for index in (*("dense", "bitmask", "csr8", "csr16", "relative4", "rice", "huffman", "2of4"),)
        for piece in CODE_SHARED_BY.get(index, (index,))
    }
    pieces["block"] = code[f"block4 {DENSITIES[1]}"] - code["nothing"] - pieces["rice"]
    for value, piece in (
        ("int4", "int4"),
        ("ternary", "ternary"),
        ("power2", "power2"),
        ("codebook16", "codebook"),
    ):
        pieces[piece] = code[f"{CARRIER} {value}"] - code[plain]
    entropy = {
        value: code[f"{CARRIER} {value}"] - code[plain]
        for value in ("int8_rice", "int8_huffman", "int8_ranked")
    }
    return {
        "unit": unit,
        "compiler": reports["nothing"].compiler,
        "method": reports["nothing"].cycles_method or f"{reports['nothing'].measured_by}, instructions",
        "code_bytes": pieces,
        "cycles_per_weight": per_weight,
        "cycles_per_stored": per_stored,
        "entropy_coded_values_code_bytes": entropy,
    }


def show(cores: dict[str, dict[str, Any]]) -> None:
    console = Console(width=150)
    table = Table("decoder", *(f"{core} B" for core in cores))
    for piece in next(iter(cores.values()))["code_bytes"]:
        table.add_row(piece, *(str(cost["code_bytes"][piece]) for cost in cores.values()))
    console.print(table)
    table = Table("format", *(f"{core} {cost['unit']}" for core, cost in cores.items()))
    for name in (*INDEX_FORMATS, *VALUE_FORMATS):
        costs = [
            f"{cost['cycles_per_weight'].get(name, 0):g} + {cost['cycles_per_stored'][name]:g}"
            for cost in cores.values()
        ]
        table.add_row(name, *costs)
    console.print(table, "a weight of the matrix + a stored value")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("docs/reports/decode_cost.json"))
    parser.add_argument("--optimise", default="smallest", choices=("smallest", "balanced", "fastest"))
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    asked = probes()
    cores = {}
    for board in BOARDS:
        with ThreadPoolExecutor(options.jobs) as pool:
            done = pool.map(lambda probe: probe.measure(board, options.optimise), asked.values())  # noqa: B023
            reports = dict(zip(asked, done, strict=True))
        cores[find_board(board).core] = {"board": board, **cost_of(reports, asked)}
        print(f"{board}: {len(asked)} programs", file=sys.stderr)
    show(cores)
    result = {
        "command": "python scripts/bench_decoders.py",
        "date": datetime.now(UTC).date().isoformat(),
        "build": options.optimise,
        "matrix": f"random, {ROWS} x {COLUMNS}, {DENSITIES[0]:.0%} and {DENSITIES[1]:.0%} kept",
        "cores": cores,
    }
    text = (json.dumps(result, indent=1) + "\n").encode()
    write_atomically(options.output, text)
    if options.output == parser.get_default("output"):
        write_atomically(MEASURED, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
