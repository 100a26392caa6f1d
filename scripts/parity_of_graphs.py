"""The jobs of check_parity.py that run random graphs: on this machine, in runtimes, and on simulated cores."""

from collections.abc import Callable
from dataclasses import asdict
from itertools import product

import numpy as np

from converters.agreement import SAME_BITS
from converters.base import converter
from tinygmp.data.samples import Samples
from tinygmp.device.board import find_board
from tinygmp.device.cores import CORES
from tinygmp.device.host import run_on_host
from tinygmp.device.lab import measure
from tinygmp.device.report import Parity
from tinygmp.device.words import reference_of, words_of
from tinygmp.errors import SimulationError, UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.add import Add
from tinygmp.graph.random_calibrated_graph import random_calibrated_graph
from tinygmp.graph.random_edge_graph import KERNEL_FORMATS, Formats, edge_inputs, random_edge_graph
from tinygmp.graph.random_graph import MOST_ELEMENTS, random_graph, random_inputs
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS
from tinygmp.verify.forms import Form, forms_of
from tinygmp.verify.judge import judge

# Boards of random graphs -> layers and elements of a map, so that most graphs fit.
GRAPH_BOARDS = {
    "arduino-uno": (3, 150),
    "arduino-mega": (6, 600),
    "msp430g2553": (2, 40),
    "nucleo-f030r8": (8, 400),
    "nucleo-g071rb": (8, 1500),
    "arduino-due": (8, 1500),
    "nucleo-f446re": (8, 1500),
    "nucleo-h743zi": (8, 1500),
    "nucleo-u575zi": (8, 1500),
    "longan-nano": (8, 1500),
    "ch32v003": (3, 100),
}
GRAPH_RUNS = 4
MOST_TRIES = 8  # seeds for each graph that shall fit a board
BUILDS = ("smallest", "balanced", "fastest")
EVERY_FORMAT = tuple(product(INDEX_FORMATS, VALUE_FORMATS))
LIMIT_RUNS = 16  # of calibrated graphs, of whose classes some may differ
Job = Callable[[], dict[str, object]]


def graph_jobs(count: int, per_core: int) -> dict[str, Job]:
    """Return jobs by name: random graphs on this machine, in runtimes and on every core, a third as many calibrated."""
    jobs: dict[str, Job] = {}
    for seed in range(count):
        jobs[f"graph {seed} host"] = lambda seed=seed: graph_on_host(seed)
        jobs[f"graph {seed} runtimes"] = lambda seed=seed: graph_in_runtimes(seed)
    for seed in range(-(-count // 3)):
        jobs[f"calibrated {seed} runtimes"] = lambda seed=seed: calibrated_in_runtimes(seed)
    for board in GRAPH_BOARDS:
        jobs[f"graphs {board}"] = lambda board=board: graphs_on_core(board, per_core)
    return jobs


def graph_of(
    seed: int, layers: int = 8, elements: int = MOST_ELEMENTS, formats: Formats = KERNEL_FORMATS
) -> tuple[PackedModel, list[np.ndarray]]:
    """Return a random graph and GRAPH_RUNS inputs: an ordinary one, of odd seeds one at the edges."""
    if seed % 2:
        model = random_edge_graph(seed, layers, elements, formats)
        return model, edge_inputs(model, seed)
    model = random_graph(seed, layers, elements)
    return model, random_inputs(model, GRAPH_RUNS, seed)


def kind_of_graph(seed: int) -> str:
    return "edge graphs" if seed % 2 else "graphs"


def graph_on_host(seed: int) -> dict[str, object]:
    """Run one graph under sanitizers; half of the seeds take the way of cores with DSP instructions."""
    model, inputs = graph_of(seed)
    words, group = words_of(model, inputs), f"{kind_of_graph(seed)}, this machine"
    try:
        defines = ("TG_DSP_EMULATED",) if seed // 2 % 2 else ()
        found = run_on_host(converter("c")(model), words, sanitize=True, defines=defines)
    except SimulationError as error:  # what a sanitizer finds counts as every run wrong
        wrong = {"windows": GRAPH_RUNS, "class_mismatches": GRAPH_RUNS, "logit_mismatches": GRAPH_RUNS}
        return {"group": group, "error": str(error), **wrong}
    logits, classes = reference_of(model)(words)
    return {
        "group": group,
        "windows": GRAPH_RUNS,
        "class_mismatches": int((found.classes != classes).sum()),
        "logit_mismatches": int((found.logits != logits).any(axis=1).sum()),
    }


def graph_in_runtimes(seed: int) -> dict[str, object]:
    """Run one graph, edge graphs in any storage format, in every form that must equal the reference to the bit."""
    model, inputs = graph_of(seed, formats=EVERY_FORMAT)
    expected = judge(model, Samples("random", True, tuple(inputs)))
    wrong, ran, refused = 0, [], ""
    for target in ("onnx", "tflite"):
        try:
            artifact = converter(target)(model)
        except UnsupportedError as error:
            refused = str(error)
            continue
        for form in forms_of(model, target):
            if (content := form.content(artifact)) is not None and is_exact(form, model):
                wrong += expected.form(form, content).mismatches
                ran.append(f"{target}, {form.name}")
    about = {"group": f"{kind_of_graph(seed)}, runtimes that round alike", "windows": GRAPH_RUNS}
    about |= {"forms": ran, "class_mismatches": 0, "logit_mismatches": wrong}
    return about | ({"tflite_refused": refused} if refused else {})


def is_exact(form: Form, model: PackedModel) -> bool:
    """Return whether a form must equal the reference in every bit.

    TFLite's plain kernels add otherwise than XNNPACK, whose sum of two values is the reference's, and none of its int8
    kernels gives sums as they are.
    """
    adds = form.rounds_as == "gemmlowp" and any(model.nodes_of(Add))
    sums = bool(form.rounds_as) and any(model.values[name].dtype != "int8" for name in model.outputs)
    return form.limit(model) == SAME_BITS and not adds and not sums


def calibrated_in_runtimes(seed: int) -> dict[str, object]:
    """Run one graph whose scales fit its values in every form; each form beyond its limit counts as one wrong run."""
    model = random_calibrated_graph(seed)
    inputs = tuple(random_inputs(model, LIMIT_RUNS, seed + 1000))
    expected = judge(model, Samples("random", True, inputs))
    beyond, ran = [], 0
    for target in ("onnx", "tflite"):
        artifact = converter(target)(model)
        for form in forms_of(model, target):
            content = form.content(artifact)
            if content is None or (form.limit(model) == SAME_BITS and not is_exact(form, model)):
                continue
            ran += 1
            if not expected.form(form, content).agrees:
                beyond.append(f"{target}, {form.name}")
    about = {"group": "calibrated, every form within its limit", "windows": LIMIT_RUNS * ran}
    return about | {"beyond": beyond, "class_mismatches": 0, "logit_mismatches": len(beyond)}


def graphs_on_core(board: str, count: int) -> dict[str, object]:
    """Run graphs, every other one at the edges, until so many fit the board; the others are counted as refused."""
    total = dict.fromkeys(("models", "refused", "windows", "class_mismatches", "logit_mismatches"), 0)
    for seed in range(MOST_TRIES * count):
        if total["models"] - total["refused"] == count:
            break
        total["models"] += 1
        model, inputs = graph_of(seed, *GRAPH_BOARDS[board])
        row = measured(model, board, words_of(model, inputs)[-2:], BUILDS[seed % 3], "")
        total["refused"] += "refused" in row
        for key in ("windows", "class_mismatches", "logit_mismatches"):
            total[key] += int(str(row.get(key, 0)))
    return {"group": f"graphs, {board}, {CORES[find_board(board).core].name}", **total}


def measured(
    model: PackedModel, board: str, counts: np.ndarray, optimise: str, group: str
) -> dict[str, object]:
    """Return the parity of a build on a simulated core, or that it does not fit the board."""
    report = measure(
        converter("c")(model),
        find_board(board),
        counts,
        reference_of(model),
        optimise=optimise,
    )
    parity = report.parity
    about = {"group": group, "board": board, "build": optimise}
    return about | (asdict(parity) if isinstance(parity, Parity) else {"refused": "does not fit the board"})
