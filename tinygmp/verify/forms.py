"""The forms of a converted model: which file, what runs it on this machine, and how closely it must agree."""

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from converters.agreement import (
    INT8_GRAPH,
    REAL_CELL,
    REAL_GRAPH,
    SAME_BITS,
    SUMS_AS_INT16,
    Tolerance,
)
from tinygmp.artifact import Artifact
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.verify import runtimes

# Fills the seconds of each sample where a runtime runs one at a time; returns outputs by the model's names, real ones
# divided by their scale, and classes.
Run = Callable[[bytes, PackedModel, Sequence[np.ndarray], list[float]], runtimes.Answers]

# XNNPACK's int8 kernels, which round as 'fp32' does, were compared on x86-64 only.
COMPARED_ON = ("x86_64", "AMD64")


@dataclass(frozen=True)
class Form:
    """One runnable file of a target.

    name: beside others of its target; ending: of the file, after the model's name; rounds_as: the rounding of models
    with which it must be the reference to the bit.
    """

    name: str
    ending: str
    runtime: str
    run: Run
    tolerance: Tolerance
    rounds_as: str = ""

    def limit(self, model: PackedModel) -> Tolerance:
        """Return how closely it must agree for this model, on this machine."""
        compared = self.rounds_as != "fp32" or platform.machine() in COMPARED_ON
        if not (self.rounds_as and compared and self.rounds_as == model.rounding):
            return self.tolerance
        sums = any(model.values[name].dtype == "int32" for name in model.outputs)
        return SUMS_AS_INT16 if sums else SAME_BITS

    def content(self, artifact: Artifact) -> bytes | None:
        """Return the file, None where the artifact has none of this form."""
        return artifact.files.get(artifact.name + self.ending)


DELEGATE, KERNELS, MICRO, ONNX = (
    "LiteRT with XNNPACK",
    "LiteRT, reference kernels",
    "TFLite Micro",
    "onnxruntime",
)
# Target -> forms of cells that run step by step, and of graphs that run once.
STEP_FORMS: Mapping[str, tuple[Form, ...]] = {
    "tflite": (
        Form("f32", "_step_f32.tflite", "LiteRT", runtimes.tflite_steps, REAL_CELL),
        Form("int16x8", "_step_int16x8.tflite", "LiteRT", runtimes.tflite_steps, REAL_CELL),
    ),
    "onnx": (
        Form("scan", ".onnx", ONNX, runtimes.onnx_steps, REAL_CELL),
        Form("step", "_step.onnx", ONNX, runtimes.onnx_steps, REAL_CELL),
        Form("exact scan", "_exact.onnx", ONNX, runtimes.onnx_steps, SAME_BITS),
        Form("exact step", "_exact_step.onnx", ONNX, runtimes.onnx_steps, SAME_BITS),
    ),
}
GRAPH_FORMS: Mapping[str, tuple[Form, ...]] = {
    "tflite": (
        Form("int8, no delegate", "_int8.tflite", KERNELS, runtimes.tflite_plain, INT8_GRAPH, "gemmlowp"),
        Form("int8", "_int8.tflite", DELEGATE, runtimes.tflite, INT8_GRAPH, "fp32"),
        Form("int8, micro", "_int8.tflite", MICRO, runtimes.micro, INT8_GRAPH),
        Form("int8 decoded, micro", "_int8_micro.tflite", MICRO, runtimes.micro_decoded, INT8_GRAPH),
        Form("f32", "_f32.tflite", DELEGATE, runtimes.tflite, REAL_GRAPH),
        Form("f32, no delegate", "_f32.tflite", KERNELS, runtimes.tflite_plain, REAL_GRAPH),
        Form("f32 sparse", "_f32_sparse.tflite", DELEGATE, runtimes.tflite, REAL_GRAPH),
    ),
    "onnx": (
        Form("exact", "_exact.onnx", ONNX, runtimes.onnx, SAME_BITS),
        Form("int8", "_int8.onnx", ONNX, runtimes.onnx, INT8_GRAPH),
        Form("f32", ".onnx", ONNX, runtimes.onnx, REAL_GRAPH),
        Form("f32 sparse", "_sparse.onnx", ONNX, runtimes.onnx, REAL_GRAPH),
    ),
}


def forms_of(model: PackedModel, target: str) -> tuple[Form, ...]:
    """Return every form of a target that a runtime on this machine can take; none of the C code, which is compiled.

    Raises UnsupportedError for a target without a runtime.
    """
    known = STEP_FORMS if model.recurrent else GRAPH_FORMS
    if target not in known:
        raise UnsupportedError(f"target '{target}' has no runtime here; known: c, {', '.join(known)}")
    return known[target]
