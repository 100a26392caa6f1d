"""Which operator, stored in which format, goes to which target: tried, one small graph a cell, and shown as a table.

    python scripts/coverage_matrix.py --out docs/reports/coverage_matrix.json

A cell holds "yes", or the sentence with which the target refuses the graph.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from converters.base import converter
from tinygmp.artifact import write_atomically
from tinygmp.errors import TinyGmpError
from tinygmp.graph.kinds import KINDS, kind_of
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_cells import KINDS as CELLS
from tinygmp.graph.random_cells import random_cells
from tinygmp.graph.random_formats import stored
from tinygmp.graph.random_graph import random_graph
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reencode import replace_tensors
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS
from tinygmp.sparse.tensor import PackedTensor
from tinygmp.verify.forms import GRAPH_FORMS, STEP_FORMS

NO_WEIGHTS = "no weights"
YES = "yes"
# (recurrent, target) -> form and how its file's name ends; sparse files are written only where they are smaller.
ENDINGS = {
    (recurrent, target): {
        f"{target}, {form.name}": form.ending
        for form in forms[target]
        if form.name.split(",")[0] == form.name and "sparse" not in form.name
    }
    for recurrent, forms in ((True, STEP_FORMS), (False, GRAPH_FORMS))
    for target in ("onnx", "tflite")
}
SEEDS = 400
GROUP = 8  # columns, in whole groups of which every format can hold weights
Matrix = dict[str, dict[str, dict[str, str]]]  # operator -> storage -> form -> 'yes' or why not


def main(
    out: Annotated[Path | None, typer.Option(help="the report, JSON")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Try every cell, write the report, print the table."""
    matrix = coverage()
    text = json.dumps({"cells": matrix, "missing": len(missing(matrix))}, indent=1) + "\n"
    if out is not None:
        write_atomically(out, text.encode())
    if as_json:
        print(text)
    else:
        show(matrix)


def coverage() -> Matrix:
    """Return every cell."""
    examples = dict(graphs_of_operators())
    matrix: Matrix = {}
    for kind in track(KINDS, "operators", console=Console(stderr=True)):
        model = examples[kind]
        for storage, changed in stored_ways(kind, model):
            matrix.setdefault(kind, {})[storage] = cells(changed)
    return matrix


def graphs_of_operators() -> Iterator[tuple[str, PackedModel]]:
    """Yield each operator's name and the smallest of many random graphs that holds it, in whole groups of weights."""
    yield "fastgrnn", random_model(1, inputs=GROUP, hidden=2 * GROUP, steps=4)
    for kind in CELLS:
        yield kind, random_cells(1, (kind,), GROUP, 0)
    yield "hidden_layer", random_cells(1, ("gru",), GROUP, 1)
    graphs = sorted((random_graph(seed, 4, 300) for seed in range(SEEDS)), key=lambda model: len(model.nodes))
    for kind in set(KINDS) - {"fastgrnn", "hidden_layer", *CELLS}:
        holding = [model for model in graphs if any(kind_of(node.operator) == kind for node in model.nodes)]
        yield (
            kind,
            min(holding, key=lambda model: any(each.shape[1] % GROUP for each in tensors_of(model, kind))),
        )


def tensors_of(model: PackedModel, kind: str) -> list[PackedTensor]:
    """Return the weights of one kind of operator."""
    return [
        each for node in model.nodes if kind_of(node.operator) == kind for each in node.operator.tensors()
    ]


def stored_ways(kind: str, model: PackedModel) -> Iterator[tuple[str, PackedModel | str]]:
    """Yield (storage, graph with the operator's weights stored so), or why no such file can be made."""
    names = {tensor.name for tensor in tensors_of(model, kind)}
    if not names:
        yield NO_WEIGHTS, model
        return
    ways = [(index, "int8") for index in INDEX_FORMATS] + [
        ("bitmask", each) for each in VALUE_FORMATS if each != "int8"
    ]
    for index_format, value_format in ways:
        storage = f"{index_format}, {value_format}"
        try:
            yield (
                storage,
                replace_tensors(
                    model,
                    lambda tensor, index=index_format, value=value_format: (
                        stored(tensor, index, value) if tensor.name in names else tensor
                    ),
                ),
            )
        except TinyGmpError as error:
            yield storage, str(error)


def cells(model: PackedModel | str) -> dict[str, str]:
    """Return form -> 'yes' or the refusal, of every form that the targets write of any model."""
    if isinstance(model, str):
        return {"storage": model}
    found: dict[str, str] = {}
    for target in ("c", "onnx", "tflite"):
        endings = {target: ".c"} if target == "c" else ENDINGS[model.recurrent, target]
        try:
            files = converter(target)(model).files
        except TinyGmpError as error:
            found |= dict.fromkeys(endings, str(error))
            continue
        found |= {
            name: YES if model.name + ending in files else "not written" for name, ending in endings.items()
        }
    return found


def missing(matrix: Matrix) -> list[tuple[str, str, str]]:
    """Return (operator, storage, form) of every cell that is not there."""
    return [
        (kind, storage, form)
        for kind, storages in matrix.items()
        for storage, forms in storages.items()
        for form, answer in forms.items()
        if answer != YES
    ]


def show(matrix: Matrix) -> None:
    """Print one row for the storage formats of an operator that have the same cells."""
    table = Table("operator", "storage", "goes to", "missing", title="operators, storage formats and targets")
    for kind, storages in matrix.items():
        rows: dict[tuple[str, str], list[str]] = {}
        for storage, forms in storages.items():
            there = "; ".join(form for form, answer in forms.items() if answer == YES)
            lacks = "; ".join(form for form, answer in forms.items() if answer != YES)
            rows.setdefault((there, lacks), []).append(storage.removesuffix(", int8"))
        for (there, lacks), names in rows.items():
            table.add_row(kind, ", ".join(names), there or "-", lacks or "-")
    Console(width=180).print(table)


if __name__ == "__main__":
    typer.run(main)
