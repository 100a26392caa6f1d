"""What mlperf_tiny.py measures of one network: the import against LiteRT, and costs and parity of packed models."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from mlperf_networks import (
    PICTURES,
    Files,
    as_int8,
    float_answers,
    litert_answers,
    pictures,
    quantised,
    reals,
    reference_answers,
    without_softmax,
)
from parity_of_graphs import GRAPH_BOARDS

from converters.agreement import REAL_GRAPH
from converters.base import converter
from tinygmp.artifact import Artifact
from tinygmp.budget.micro_arena import micro_arena
from tinygmp.data.samples import Samples
from tinygmp.data.source import random_samples
from tinygmp.device.board import find_board
from tinygmp.device.budget import check_budget
from tinygmp.device.host import run_on_host
from tinygmp.device.lab import compare, simulate
from tinygmp.device.toolchain import build, with_unlimited_memory
from tinygmp.device.words import reference_of, words_of
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.softmax import Softmax
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.prune.minimum import MinimumShare
from tinygmp.prune.prune_graph import prune_globally
from tinygmp.verify.forms import forms_of
from tinygmp.verify.judge import judge

LEVELS = ("smallest", "fastest")
CORE_INPUTS = 2  # of each network on each simulated core
FORM_INPUTS = 8  # of each converted file in its runtime
CALIBRATION = 256
MINIMUM = MinimumShare(0.002)  # of all weights, the published minimum of global magnitude pruning
PROVENANCE = {"data": "MLPerf Tiny", "synthetic": "no", "seed": "0", "recipe": "", "commit": ""}
Row = dict[str, Any]


def import_report(files: Files, count: int) -> Row:
    """Compare the int8 file, imported as it lies, with LiteRT on random inputs and, where there are some, pictures."""
    model, content = files.imported(), files.int8.read_bytes()
    (inputs,) = random_samples(model, count).inputs
    expected, found = litert_answers(content, inputs), reference_answers(model, inputs)
    words = words_of(model, [inputs])
    answers = {"import": found, "C": run_on_host(converter("c")(model), words).logits, "LiteRT": expected}
    report = {
        "inputs": f"{count:,} random inputs over the whole int8 range",
        "against_litert": differences(expected, found),
        "before_softmax": before_softmax(model, content, inputs),
        "c_against_import": differences(found, answers["C"]),
        "file_bytes": len(content),
    }
    if files.network.classifies:
        real = float_answers(files.float_graph(), reals(model, inputs))
        report["same_class_as_float_on_random_inputs"] = percent(found.argmax(1) == real.argmax(1))
    else:
        report |= reconstruction(files, model, inputs, answers)
    if files.network.pictures:
        report["pictures"] = picture_report(files, model, content)
    return report


def differences(expected: np.ndarray, found: np.ndarray) -> Row:
    """Count what differs between integer answers [inputs, elements]."""
    gap = np.abs(expected.astype(np.int64) - found.reshape(expected.shape))
    return {
        "inputs": len(gap),
        "outputs": gap.size,
        "outputs_that_differ": int((gap > 0).sum()),
        "largest_difference": int(gap.max()),
        "classes_that_differ": int((expected.argmax(1) != found.reshape(expected.shape).argmax(1)).sum()),
    }


def before_softmax(model: PackedModel, content: bytes, inputs: np.ndarray) -> Row | None:
    """Compare with LiteRT what enters the last softmax; None where there is none."""
    shortened, last = without_softmax(content), model.nodes[-1]
    if shortened is None or not isinstance(last.operator, Softmax):
        return None
    values = {name: value for name, value in model.values.items() if name not in last.writes}
    cut = replace(model, nodes=model.nodes[:-1], outputs=(last.reads[0],), values=values)
    return differences(litert_answers(shortened, inputs), reference_answers(cut, inputs))


def reconstruction(
    files: Files, model: PackedModel, inputs: np.ndarray, answers: dict[str, np.ndarray]
) -> Row:
    """Return mean squared errors of an autoencoder's answers, and how they differ from those of the int8 file."""
    real, value = reals(model, inputs), model.output
    errors = {
        name: np.square((found.astype(np.int64) - value.zero_point) * value.scale - real).mean(axis=1)
        for name, found in answers.items()
    }
    exact = np.square(float_answers(files.float_graph(), real) - real).mean(axis=1)
    file = errors["LiteRT"]
    return {
        "auc": "not measured: no audio",
        "reconstruction_error": {
            "int8_file_mean": float(file.mean()),
            "import_largest_difference": float(np.abs(errors["import"] - file).max()),
            "c_largest_difference": float(np.abs(errors["C"] - file).max()),
            "float_file_mean": float(exact.mean()),
            "float_file_mean_difference": float(np.abs(exact - file).mean()),
        },
    }


def picture_report(files: Files, model: PackedModel, content: bytes) -> Row:
    """Return accuracies on all test pictures, in per cent."""
    pixels, labels = pictures("test")
    inputs = as_int8(pixels)
    expected, found = litert_answers(content, inputs), reference_answers(model, inputs)
    real = float_answers(files.float_graph(), pixels.astype(np.float32))
    return {
        "data": f"{len(pixels):,} test pictures of {PICTURES}",
        "litert_accuracy": percent(expected.argmax(1) == labels),
        "import_accuracy": percent(found.argmax(1) == labels),
        "float_accuracy": percent(real.argmax(1) == labels),
        "same_class_as_float": percent(found.argmax(1) == real.argmax(1)),
        "against_litert": differences(expected, found),
    }


def percent(right: np.ndarray) -> float:
    return round(100 * float(right.mean()), 2)


def packed(files: Files, sparsity: float) -> PackedModel:
    """Return the float file pruned globally by magnitude, without retraining, and packed.

    Every layer keeps MINIMUM at least: a first layer of unscaled inputs has the smallest weights, and would go whole.
    Calibrated on training pictures where there are some, else on random inputs of the int8 file's range.
    """
    imported = files.imported()
    (inputs,) = random_samples(imported, CALIBRATION).inputs
    given = reals(imported, inputs)
    if files.network.pictures:
        given = pictures("train", CALIBRATION)[0].astype(np.float32)
    identity = PackIdentity(files.network.name, (), PROVENANCE)
    return pack(prune_globally(files.float_graph(), sparsity, MINIMUM), given, identity)


def packed_accuracy(files: Files, model: PackedModel) -> float | None:
    """Return per cent of test pictures with the right class, None without pictures."""
    if not files.network.pictures:
        return None
    pixels, labels = pictures("test")
    found = reference_answers(model, quantised(model, pixels.astype(np.float32)))
    return percent(found.argmax(1) == labels)


def model_report(model: PackedModel, boards: Sequence[str], tflite: bytes | None = None) -> Row:
    """Convert to every target; cost on boards, parity on cores, agreement in runtimes, TFLite Micro's arena.

    tflite: the file that the model was imported from, whose arena is measured in place of the converted one's.
    """
    artifacts = {target: converter(target)(model) for target in ("c", "tflite", "onnx")}
    micro = tflite or artifacts["tflite"].files[f"{model.name}_int8.tflite"]
    samples = random_samples(model, FORM_INPUTS)
    files = {name: len(content) for each in artifacts.values() for name, content in each.files.items()}
    return {
        "weights": model.weight_count,
        "nonzero": model.nnz,
        "payload_bytes": ledger(model).payload_bytes,
        "file_bytes": files,
        "tflite_micro": {"file_bytes": len(micro), **arena(micro)},
        "boards": [row for board in boards for row in on_board(model, artifacts["c"], board)],
        "cores": [parity_on(model, artifacts["c"], board) for board in GRAPH_BOARDS],
        "runtimes": runtime_rows(model, artifacts, samples),
    }


def arena(content: bytes) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(content)
        found = micro_arena(path)
    return {"arena_bytes": found.bytes, "refusal": found.refusal}


def on_board(model: PackedModel, artifact: Artifact, board: str) -> list[Row]:
    """Return a row for every build; a program too big for the board runs on its core with more memory."""
    inputs = words_of(model, random_samples(model, CORE_INPUTS).inputs)
    rows = []
    for level in LEVELS:
        firmware = build(artifact, with_unlimited_memory(find_board(board)), level)
        result = simulate(firmware, inputs)
        parity = compare(firmware, result, inputs, reference_of(model))
        sizes = firmware.sizes
        rows.append(
            {
                "board": board,
                "core": find_board(board).core,
                "level": level,
                "flash_bytes": sizes.flash_bytes,
                "engine_bytes": sizes.engine_bytes,
                "weights_bytes": sizes.weights_bytes,
                "ram_bytes": sizes.ram_bytes,
                "stack_bytes": result.stack_bytes,
                "instructions": None if result.step is None else result.step.instructions,
                "fits": check_budget(sizes, find_board(board), result.stack_bytes).fits,
                "differences": parity.logit_mismatches,
                "measured_by": result.simulator,
                "compiler": firmware.compiler,
            }
        )
    return rows


def parity_on(model: PackedModel, artifact: Artifact, board: str) -> Row:
    """Return how many of a few inputs are answered otherwise than by the reference on one core."""
    inputs = words_of(model, random_samples(model, CORE_INPUTS, seed=1).inputs)
    firmware = build(artifact, with_unlimited_memory(find_board(board)), "smallest")
    parity = compare(firmware, simulate(firmware, inputs), inputs, reference_of(model))
    return {"core": find_board(board).core, "inputs": len(inputs), "differences": parity.logit_mismatches}


def runtime_rows(model: PackedModel, artifacts: dict[str, Artifact], samples: Samples) -> list[Row]:
    """Run every converted file in its runtime: whether it agrees with the reference within its limit."""
    expected, rows = judge(model, samples), []
    for target in ("tflite", "onnx"):
        for form in forms_of(model, target):
            if (content := form.content(artifacts[target])) is not None:
                found = expected.form(form, content)
                name, real = f"{target}, {form.name}", form.tolerance == REAL_GRAPH
                rows.append({"form": name, "real": real, "agrees": found.agrees, "units": found.worst_units})
    return rows
