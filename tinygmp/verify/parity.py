"""Run converted models on this machine and compare them with the integer reference."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from converters.agreement import EXACT, Agreement, agree, form_of, tolerance
from tinygmp.artifact import Artifact
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import ReferenceOutput, run
from tinygmp.report.record import ArtifactResult, ArtifactVariant


@dataclass(frozen=True)
class Truth:
    """The reference's answers on some windows, computed once; labels may be None."""

    model: PackedModel
    counts: np.ndarray
    labels: np.ndarray | None
    reference: ReferenceOutput

    @property
    def accuracy(self) -> float | None:
        return self.accuracy_of(self.reference.classes)

    def accuracy_of(self, classes: np.ndarray) -> float | None:
        """Return per cent of windows with the right class."""
        return None if self.labels is None else 100 * float((classes == self.labels).mean())

    def agreement(self, form: str, logits: np.ndarray, classes: np.ndarray, bitwise: bool) -> Agreement:
        """Compare real logits with the reference's."""
        expected = self.reference.logits * self.model.output.scale
        return agree(form, logits, expected, classes, self.reference.classes, bitwise)


def truth(model: PackedModel, counts: np.ndarray, labels: np.ndarray | None = None) -> Truth:
    """Run the reference on int16 counts [windows, steps, channels]; raises DataError for other counts."""
    return Truth(model, counts, labels, run(model, counts))


# Target -> name of a form -> what its file's name adds to the model's.
FORMS = {
    "tflite": {"f32": "_step_f32.tflite", "int16x8": "_step_int16x8.tflite"},
    "onnx": {
        "scan": ".onnx",
        "step": "_step.onnx",
        "exact scan": "_exact.onnx",
        "exact step": "_exact_step.onnx",
    },
}


def check_artifact(artifact: Artifact, expected: Truth) -> ArtifactResult:
    """Run every form of an artifact on this machine.

    Raises UnsupportedError for a target without a runtime, MissingToolError without the runtime, BuildError,
    SimulationError.
    """
    checks: dict[str, Callable[[Artifact, Truth], ArtifactResult]] = {
        "c": check_c,
        "tflite": check_forms,
        "onnx": check_forms,
    }
    if artifact.target not in checks:
        raise UnsupportedError(f"target '{artifact.target}' has no runtime here; known: {', '.join(checks)}")
    return checks[artifact.target](artifact, expected)


def check_c(artifact: Artifact, expected: Truth) -> ArtifactResult:
    """Compile the C code for this machine and run all windows; it must equal the reference bit for bit."""
    from tinygmp.device.host import run_on_host
    from tinygmp.device.tools import host_compiler

    result = run_on_host(artifact, expected.counts)
    logits = result.logits * expected.model.output.scale
    agreement = expected.agreement("c", logits, result.classes, bitwise=True)
    compiler = "zig cc" if len(host_compiler()) > 1 else host_compiler()[0].rsplit("/", 1)[-1]
    return ArtifactResult(
        accuracy=expected.accuracy_of(result.classes),
        mismatches=agreement.mismatches,
        windows=agreement.windows,
        worst_logit_difference=agreement.worst_logit,
        file_bytes=artifact.file_bytes,
        measured_by=f"{compiler} on this machine",
        agrees=agreement.within(EXACT),
    )


def check_forms(artifact: Artifact, expected: Truth) -> ArtifactResult:
    """Run each form of a TFLite or ONNX artifact over all windows; the entry point is the main one."""
    files = {name: artifact.name + suffix for name, suffix in FORMS[artifact.target].items()}
    variants = {name: check_form(artifact, file, expected) for name, file in files.items()}
    main = next(name for name, file in files.items() if file == artifact.entry_point)
    return ArtifactResult(**vars(variants[main]), variants=variants)


def check_form(artifact: Artifact, file: str, expected: Truth) -> ArtifactVariant:
    content = artifact.files[file]
    runtime, logits, classes = run_form(artifact.target, content, expected.counts)
    form = form_of(file)
    agreement = expected.agreement(form, logits, classes, bitwise=False)
    return ArtifactVariant(
        accuracy=expected.accuracy_of(classes),
        mismatches=agreement.mismatches,
        windows=agreement.windows,
        worst_logit_difference=agreement.worst_logit,
        file_bytes=len(content),
        measured_by=runtime,
        agrees=agreement.within(tolerance("FastGrnn", form)),
    )


def run_form(target: str, content: bytes, counts: np.ndarray) -> tuple[str, np.ndarray, np.ndarray]:
    """Return the runtime's name, real logits [windows, classes] and classes [windows]."""
    if target == "tflite":
        from converters.to_tflite.run import run_tflite

        result = run_tflite(content, counts)
        return "LiteRT", result.logits, result.classes
    from converters.to_onnx.run import run_onnx

    answer = run_onnx(content, counts)
    return "onnxruntime", answer.logits, answer.classes
