"""What zeros could save in convolutions over k x k patches, which write sparse weights densely today: an estimate.

A survivor of a k x k kernel over a map in padded planes is one of a 1 x 1 kernel whose plane begins some bytes further,
so the loop of sparse 1 x 1 convolutions serves it where the stride is 1; a stride of 2 takes planes of every second
column. The estimate takes that loop's coefficients of the cost model: products, scaling and decoding as if the layer
were 1 x 1 over all its taps, reading once for each input with its border. It is a floor for such a kernel, not a count.

    TINYGMP_DATA=... python scripts/experiments/sparse_patches.py --out docs/reports/sparse_patches.json
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import typer
from mlperf_measures import packed
from mlperf_networks import NETWORKS, files_of

from converters.to_c.graph import convert_marked
from tinygmp.artifact import write_atomically
from tinygmp.cost.model import CostModel, cost_model
from tinygmp.cost.terms import READING
from tinygmp.cost.work import DENSE, Work, works_of
from tinygmp.graph.operators.window import Window

STORAGE = "csr16"  # the quickest format that holds rows of more than 256 weights
Row = dict[str, Any]


def main(
    out: Annotated[Path, typer.Option(help="the report")] = Path("runs/sparse_patches.json"),
    core: Annotated[list[str] | None, typer.Option(help="repeatable")] = None,
    network: Annotated[str, typer.Option(help="of MLPerf Tiny: vww, kws, resnet or ad")] = "resnet",
    density: Annotated[list[float] | None, typer.Option(help="share of weights kept, repeatable")] = None,
) -> None:
    """Estimate every layer of a network at some densities and write dense, today's and the estimated instructions."""
    rows = [
        estimated(network, cost_model(name), kept)
        for name in core or ["cortex-m4f", "cortex-m0plus", "rv32imc"]
        for kept in density or [0.25, 0.1]
    ]
    report = {
        "network": f"MLPerf Tiny {NETWORKS[network].title}", "method": "estimated by the cost model, not counted",
        "rows": rows,
    }  # fmt: skip
    write_atomically(out, (json.dumps(report, indent=1) + "\n").encode())
    for row in rows:
        print({name: value for name, value in row.items() if name != "layers"})


def estimated(network: str, model: CostModel, kept: float) -> Row:
    """Return the whole network's instructions dense, sparse as the kernels are, and sparse over planes."""
    dense_model = packed(files_of(NETWORKS[network]), 0.0)
    layers = convert_marked(dense_model)[1]
    found = []
    for layer, works in zip(layers, works_of(dense_model, layers), strict=True):
        whole = model.predict(*works).instructions
        row: Row = {
            "layer": " + ".join(layer.nodes),
            "group": " + ".join(work.group for work in works),
            "dense": whole,
        }
        row |= {"today": whole, "over_planes": whole}
        if len(works) == 1 and works[0].size and works[0].kind == "conv2d":
            row |= pruned_costs(model, works[0], kept)
        found.append(row)
    sums = {name: round(sum(row[name] for row in found)) for name in ("dense", "today", "over_planes")}
    return {
        "core": model.core, "kept": kept, **sums, "of_dense": sums["over_planes"] / sums["dense"], "layers": found
    }  # fmt: skip


def pruned_costs(model: CostModel, work: Work, kept: float) -> Row:
    """Return what a convolution takes with that share of weights; the quicker of dense and sparse."""
    dense = model.predict(replace(work, storage=DENSE)).instructions
    sparse = replace(
        work, nonzero=round(kept * work.size), storage=STORAGE, work_bytes=0, expanded=None, alone=False
    )
    today = model.predict(sparse).instructions
    over = today if work.window.is_pointwise else over_planes(model, sparse)
    return {"today": min(dense, today), "over_planes": min(dense, over)}


def over_planes(model: CostModel, work: Work) -> float:
    """Return the estimate: the loop of sparse 1 x 1 kernels, inputs read once each."""
    rows, columns, _ = work.written
    as_pointwise = replace(work, read=(rows, columns, work.weights[1]), window=Window())
    found = model.predict(as_pointwise).by_cause
    top, bottom, left, right = work.window.padding
    inputs = (work.read[0] + top + bottom) * (work.read[1] + left + right) * work.read[2]
    once = inputs / (work.positions * work.weights[1])
    return sum(found.values()) - found[READING] * (1 - once)


if __name__ == "__main__":
    typer.run(main)
