"""The reference's answers, and what a form's answers are worth beside them."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from converters.agreement import SAME_BITS, SPARED_UNITS, Agreement, Tolerance, deviations, summed_up
from tinygmp.artifact import Artifact
from tinygmp.data.samples import Samples
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import ReferenceOutput, run
from tinygmp.report.record import ArtifactVariant
from tinygmp.verify.forms import Form
from tinygmp.verify.runtimes import Answers

TOP = 5


@dataclass(frozen=True)
class Judge:
    """A model, samples and the integer reference's answers to them."""

    model: PackedModel
    samples: Samples
    expected: ReferenceOutput

    def accuracy(self, classes: np.ndarray) -> float | None:
        """Return per cent of samples with the right class, None without labels."""
        labels = self.samples.labels
        return None if labels is None else 100 * float((classes == labels).mean())

    def top5(self, logits: np.ndarray) -> float | None:
        """Return per cent of samples whose class is among the five largest logits, None where that says nothing."""
        labels = self.samples.labels
        if labels is None or logits.shape[1] <= TOP:
            return None
        best = np.argsort(-logits.astype(np.float64), axis=1, kind="stable")[:, :TOP]
        return 100 * float((best == labels[:, None]).any(axis=1).mean())

    def form(self, form: Form, content: bytes) -> ArtifactVariant:
        """Run a form on all samples; raises MissingToolError without its runtime, FileFormatError if it refuses."""
        seconds: list[float] = []
        found = form.run(content, self.model, self.samples.inputs, seconds)
        if form.rounds_as:
            found = self.without_spared(found)
        result = self.variant(found, form.limit(self.model), len(content), seconds, form.runtime)
        return replace(result, gzip_bytes=len(gzip.compress(content, 6, mtime=0)))

    def without_spared(self, found: Answers) -> Answers:
        """Return answers without the differences that the kernels of their operators may make, see SPARED_UNITS."""
        outputs = dict(found.outputs)
        for name, expected in self.expected.outputs.items():
            writer = self.model.writer(name)
            spared = SPARED_UNITS.get(type(writer.operator).__name__, 0) if writer else 0
            near = np.abs(outputs[name].astype(np.int64) - expected) <= spared
            outputs[name] = np.where(near, expected, outputs[name])
        return replace(found, outputs=outputs)

    def c(self, artifact: Artifact) -> ArtifactVariant:
        """Compile the C code for this machine and run it on all samples; it must equal the reference bit for bit."""
        from tinygmp.device.host import run_on_host
        from tinygmp.device.tools import host_compiler
        from tinygmp.device.words import words_of

        result = run_on_host(artifact, words_of(self.model, self.samples.inputs))
        ends = np.cumsum([self.model.values[name].size for name in self.model.outputs])[:-1]
        outputs = dict(zip(self.model.outputs, np.split(result.logits, ends, axis=1), strict=True))
        wrong = (result.classes != self.expected.answers) & bool(self.model.labels)
        compiler = "zig cc" if len(host_compiler()) > 1 else host_compiler()[0].rsplit("/", 1)[-1]
        measured_by = f"{compiler} on this machine"
        return self.variant(Answers(outputs, None), SAME_BITS, artifact.file_bytes, [], measured_by, wrong)

    def variant(
        self,
        found: Answers,
        limit: Tolerance,
        file_bytes: int,
        seconds: Sequence[float],
        runtime: str,
        wrong: np.ndarray | None = None,
    ) -> ArtifactVariant:
        """Return the result of a form's answers; wrong: samples [n] that it answers otherwise, where that is known."""
        exact = limit == SAME_BITS
        outputs = self.comparable(found.outputs, exact)
        logits = outputs[self.model.outputs[0]]
        classes = logits.argmax(axis=1) if found.classes is None else found.classes
        if wrong is None:
            wrong = (classes != self.expected.classes) & bool(self.model.labels)
        agreement = self.agreement(outputs, wrong, exact)
        units = None
        if self.model.output.dtype == "int8":
            units = float(np.abs(logits - self.expected.logits).max(initial=0))
        quartiles = np.percentile(1000 * np.array(seconds), [25, 50, 75]) if seconds else None
        return ArtifactVariant(
            accuracy=self.accuracy(classes),
            mismatches=agreement.mismatches,
            windows=agreement.windows,
            worst_logit_difference=agreement.worst_logit,
            file_bytes=file_bytes,
            measured_by=runtime,
            agrees=agreement.within(limit),
            worst_units=units,
            top5_accuracy=self.top5(logits),
            milliseconds=None if quartiles is None else float(quartiles[1]),
            milliseconds_spread=None if quartiles is None else float(quartiles[2] - quartiles[0]),
        )

    def comparable(self, outputs: Mapping[str, np.ndarray], exact: bool) -> dict[str, np.ndarray]:
        """Return outputs as float64 [samples, elements]; a real one beyond the integers' range is no disagreement."""
        found = {}
        for name in self.model.outputs:
            flat = np.asarray(outputs[name], np.float64).reshape(len(self.samples), -1)
            found[name] = np.clip(np.rint(flat) if exact else flat, *self.model.values[name].limits)
        return found

    def agreement(self, outputs: Mapping[str, np.ndarray], wrong: np.ndarray, exact: bool) -> Agreement:
        """Compare every output, each in its own deviations."""
        difference = np.concatenate(
            [
                deviations(outputs[name], array.reshape(len(self.samples), -1).astype(np.float64))
                for name, array in self.expected.outputs.items()
            ],
            axis=1,
        )
        return summed_up(self.model.name, difference, wrong, exact)


def judge(model: PackedModel, samples: Samples) -> Judge:
    """Run the reference; raises DataError for samples of another model."""
    return Judge(model, samples, run(model, *samples.inputs))
