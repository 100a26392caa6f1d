"""Check converted files on emulated phones: answers against the reference, instructions, kernels, memory, size."""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tinygmp.artifact import Artifact
from tinygmp.device.phone.cores import PhoneCore
from tinygmp.device.phone.emulator import PhoneRun, States, run_on_phone
from tinygmp.errors import MissingToolError, UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.progress import Steps
from tinygmp.report.record import PhoneResult
from tinygmp.verify.forms import DELEGATE, ONNX, Form, forms_of
from tinygmp.verify.judge import Judge
from tinygmp.verify.runtimes import Answers, answers

TARGETS = ("tflite", "onnx")
# What an app gets; reference kernels and TFLite Micro are not that.
DEFAULT_ON_PHONE = ("LiteRT", DELEGATE, ONNX)


@dataclass(frozen=True)
class PhoneJob:
    """One form on one core."""

    target: str
    form: Form
    content: bytes
    core: PhoneCore


def phone_jobs(
    model: PackedModel, artifacts: Sequence[Artifact], cores: Sequence[PhoneCore]
) -> list[PhoneJob]:
    """Return every form of some artifacts that a phone's runtimes take, on each core."""
    return [
        PhoneJob(target, form, content, core)
        for core in cores
        for artifact in artifacts
        if (target := artifact.target) in TARGETS
        for form in forms_of(model, target)
        if form.runtime in DEFAULT_ON_PHONE and (content := form.content(artifact)) is not None
    ]


def check_phones(
    jobs: Sequence[PhoneJob], expected: Judge, steps: Steps, missing: dict[str, str]
) -> tuple[PhoneResult, ...]:
    """Run each job on the judge's samples; where the emulator is absent, that is told in `missing`, once a core."""
    found = []
    for job in jobs:
        steps.begin(f"emulating {job.core.name}: {job.target}, {job.form.name}")
        try:
            found.append(check_phone(job, expected))
        except MissingToolError as error:
            missing[job.core.name] = str(error)
        steps.end()
    return tuple(found)


def check_phone(job: PhoneJob, expected: Judge) -> PhoneResult:
    """Run one form on an emulated core and hold its answers against the reference's."""
    runs: list[PhoneRun] = []
    run = partial(FEEDS[job.target, expected.model.recurrent], core=job.core, runs=runs)
    form = Form(job.form.name, job.form.ending, f"{job.form.runtime}, ARM64, emulated", run, job.form.tolerance,
                job.form.rounds_as)  # fmt: skip
    judged = expected.form(form, job.content)
    return PhoneResult(
        core=job.core.name,
        target=job.target,
        form=job.form.name,
        samples=judged.windows,
        mismatches=judged.mismatches,
        worst_logit_difference=judged.worst_logit_difference,
        agrees=judged.agrees,
        instructions=runs[0].instructions_per_sample,
        kernels=runs[0].kernels_per_sample,
        sparse_kernels=runs[0].sparse_kernels,
        file_bytes=len(job.content),
        gzip_bytes=len(gzip.compress(job.content, 6, mtime=0)),
        memory_bytes=runs[0].memory_bytes,
    )


def tflite_graph(
    content: bytes, model: PackedModel, inputs: Sequence[np.ndarray], seconds: list[float], *,
    core: PhoneCore, runs: list[PhoneRun],
) -> Answers:  # fmt: skip
    """Run a graph's TFLite file, as `run_tflite_graph` feeds it."""
    from converters.ports import output_names
    from converters.to_tflite.graph_model import file_inputs
    from converters.to_tflite.run import litert
    from converters.to_tflite.run_graph import tflite_inputs

    details = litert()(model_content=content).get_input_details()
    meanings = [model.values[value] for value in file_inputs(model)]
    ready = [
        meaning.real(array).astype(np.float32) if source["dtype"] == np.float32 else array
        for source, array, meaning in zip(details, tflite_inputs(model, inputs), meanings, strict=True)
    ]
    runs.append(run_on_phone(content, "tflite", ready, core))
    return answers(model, dict(zip(output_names(model).values(), runs[0].outputs, strict=True)))


def onnx_graph(
    content: bytes, model: PackedModel, inputs: Sequence[np.ndarray], seconds: list[float], *,
    core: PhoneCore, runs: list[PhoneRun],
) -> Answers:  # fmt: skip
    """Run a graph's ONNX file, as `run_onnx_graph` feeds it."""
    from converters.to_onnx.run import open_session

    names = [item.name for item in open_session(content, 1).get_outputs()]
    runs.append(run_on_phone(content, "onnx", inputs, core))
    return answers(model, dict(zip(names, runs[0].outputs, strict=True)))


def tflite_cell(
    content: bytes, model: PackedModel, inputs: Sequence[np.ndarray], seconds: list[float], *,
    core: PhoneCore, runs: list[PhoneRun],
) -> Answers:  # fmt: skip
    """Run a TFLite step cell, its states carried by the caller."""
    from converters.to_tflite.run import litert

    interpreter = litert()(model_content=content)
    sources, targets = interpreter.get_input_details(), interpreter.get_output_details()
    entering = [(item["name"], item["dtype"], tuple(item["shape"][1:])) for item in sources]
    leaving = [item["name"] for item in targets]
    found = run_cell(content, "tflite", entering, leaving, inputs[0], core)
    runs.append(found)
    place = leaving.index("logits")
    scale = np.float32(targets[place]["quantization"][0] or 1.0)
    logits = found.outputs[place] * scale
    return Answers({model.outputs[0]: logits / model.output.scale}, logits.argmax(axis=1))


def onnx_cell(
    content: bytes, model: PackedModel, inputs: Sequence[np.ndarray], seconds: list[float], *,
    core: PhoneCore, runs: list[PhoneRun],
) -> Answers:  # fmt: skip
    """Run an ONNX step cell, or a file that takes whole windows."""
    from converters.to_onnx.run import open_session

    session = open_session(content, 1)
    kinds = {"tensor(int16)": np.int16, "tensor(float)": np.float32}
    entering = [(item.name, kinds[item.type], tuple(item.shape[1:])) for item in session.get_inputs()]
    leaving = [item.name for item in session.get_outputs()]
    if len(entering) == 1:
        found = run_on_phone(content, "onnx", [inputs[0]], core)
    else:
        found = run_cell(content, "onnx", entering, leaving, inputs[0], core)
    runs.append(found)
    named = dict(zip(leaving, found.outputs, strict=True))
    exact = named.get("logits_int32")
    logits = named["logits"] / model.output.scale if exact is None else exact
    return Answers({model.outputs[0]: logits}, named["class"])


def run_cell(
    content: bytes, runtime: str, entering: Sequence[tuple[str, type, tuple[int, ...]]], leaving: Sequence[str],
    counts: np.ndarray, core: PhoneCore,
) -> PhoneRun:  # fmt: skip
    """Run a step cell over windows; entering: (name, type, shape without the batch) of each input."""
    names = [name for name, _, _ in entering]
    if "counts" not in names:
        raise UnsupportedError(
            f"the file has no input 'counts' but {', '.join(names)}; convert the model again"
        )
    pairs = tuple(
        (place, leaving.index(f"{name.removesuffix('_in')}_out"))
        for place, name in enumerate(names)
        if name.endswith("_in")
    )
    arrays = [
        counts if name == "counts" else np.zeros((len(counts), *shape), dtype)
        for name, dtype, shape in entering
    ]
    return run_on_phone(content, runtime, arrays, core, States(names.index("counts"), pairs))


FEEDS: dict[tuple[str, bool], Callable[..., Answers]] = {
    ("tflite", False): tflite_graph,
    ("onnx", False): onnx_graph,
    ("tflite", True): tflite_cell,
    ("onnx", True): onnx_cell,
}
