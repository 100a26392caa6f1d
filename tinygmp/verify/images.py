"""Run every form of a converted image network on the same images, beside the integer reference."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from converters.agreement import agree, image_tolerance
from tinygmp.artifact import Artifact
from tinygmp.data.images import Images
from tinygmp.device.board import Board, find_board
from tinygmp.device.lab import measure
from tinygmp.device.words import reference_of, words_of
from tinygmp.errors import FileFormatError, MissingToolError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.reference.run import ReferenceOutput, run
from tinygmp.progress import OnStep, Steps, silent
from tinygmp.report.record import DeviceResult
from tinygmp.verify.windows import convert_each, device_result

IMAGES_PER_CORE = 2
MICRO_SPARE_BYTES = 1 << 19  # of TFLite Micro's arena for what is not a map
TOP = 5


@dataclass(frozen=True)
class FormResult:
    """One runnable form: answers, size and time on this machine.

    mismatches: images with another class than the reference's (for exact forms, with any other logit).
    worst_logit_difference: in units of the int8 logits, real logits clipped to their range. Times are of one image.
    """

    form: str
    agrees: bool
    top1: float | None  # per cent; None without labels
    top5: float | None
    mismatches: int
    images: int
    worst_logit_difference: float
    worst_in_deviations: float
    file_bytes: int
    gzip_bytes: int
    milliseconds: float | None  # median
    milliseconds_spread: float | None  # between the quartiles
    measured_by: str


@dataclass(frozen=True)
class ImageVerification:
    """What was found; `missing` maps a form or board that could not be run to the reason."""

    model: str
    data: str
    synthetic: bool
    images: int
    skipped: tuple[str, ...]
    reference_top1: float | None
    reference_top5: float | None
    forms: tuple[FormResult, ...]
    devices: tuple[DeviceResult, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    period_ms: float | None = None

    @property
    def passed(self) -> bool:
        """True when everything that was run agrees within its tolerance, fits its board and is in time for it."""
        return all(form.agrees for form in self.forms) and all(
            device.passed and not device.late(self.period_ms) for device in self.devices
        )


@dataclass(frozen=True)
class Form:
    """A file of an artifact and how it is run: `run` fills the seconds of each image and returns logits."""

    name: str  # as in converters/agreement.py
    target: str
    suffix: str
    runtime: str
    run: Callable[[bytes, np.ndarray, list[float]], np.ndarray]
    integer: bool  # int8 logits, else real ones


def verify_images(
    model: PackedModel,
    images: Images,
    targets: Sequence[str] = ("all",),
    boards: Sequence[str | Board] = (),
    images_per_core: int = IMAGES_PER_CORE,
    on_step: OnStep = silent,
    level: str = "smallest",
    period_ms: float | None = None,
) -> ImageVerification:
    """Convert a network and compare each form, and the C code on each board, with the integer reference.

    A simulated core runs `images_per_core` images, of the build `level`, each within `period_ms` if one is given. What
    is absent or refused is told in `missing`; raises ConfigError or UnsupportedError for unknown names, BuildError,
    SimulationError.
    """
    lab_boards = [board if isinstance(board, Board) else find_board(board) for board in boards]
    artifacts, missing = convert_each(model, targets)
    forms = [(form, one) for one in artifacts for form in forms_of(model) if has(one, form)]
    steps = Steps(on_step, 1 + len(forms) + sum(one.target == "c" for one in artifacts) + len(lab_boards))
    steps.begin(f"running the reference on {len(images.pixels):,} images")
    expected = run(model, images.pixels)
    steps.end()
    judge = Judge(model, images, expected)
    results: list[FormResult] = []
    for artifact in artifacts:
        if artifact.target == "c":
            steps.begin(f"running the C code on {len(images.pixels):,} images")
            try_form(lambda one=artifact: judge.c(one), "c", results, missing)  # type: ignore[misc]
            steps.end()
    for form, artifact in forms:
        steps.begin(f"running {form.name}")
        try_form(lambda form=form, one=artifact: judge.form(form, one), form.name, results, missing)  # type: ignore[misc]
        steps.end()
    devices = tuple(
        device
        for board in lab_boards
        if (device := run_board(model, board, images.pixels[:images_per_core], missing, steps, level))
        is not None
    )
    return ImageVerification(
        model.name, images.name, images.synthetic or model.synthetic, len(images.pixels), images.skipped,
        judge.top(expected.logits, 1), judge.top(expected.logits, TOP), tuple(results), devices, missing, period_ms,
    )  # fmt: skip


def try_form(
    run: Callable[[], FormResult], name: str, results: list[FormResult], missing: dict[str, str]
) -> None:
    """Run one form; what is absent, or refuses the file, is told in `missing`."""
    try:
        results.append(run())
    except (MissingToolError, FileFormatError) as error:
        missing[name] = str(error)


def has(artifact: Artifact, form: Form) -> bool:
    return artifact.target == form.target and f"{artifact.name}{form.suffix}" in artifact.files


def run_board(
    model: PackedModel,
    board: Board,
    pixels: np.ndarray,
    missing: dict[str, str],
    steps: Steps,
    level: str,
) -> DeviceResult | None:
    """Return the result of one simulated board, or None where its tools are absent."""
    from converters.base import converter

    steps.begin(f"simulating {board.name} on {len(pixels)} images")
    try:
        return device_result(
            measure(converter("c")(model), board, words_of(model, [pixels]), reference_of(model), level)
        )
    except MissingToolError as error:
        missing[board.name] = str(error)
        return None
    finally:
        steps.end()


@dataclass(frozen=True)
class Judge:
    """The reference's answers, with which the forms are compared."""

    model: PackedModel
    images: Images
    expected: ReferenceOutput

    def top(self, logits: np.ndarray, count: int) -> float | None:
        """Return per cent of images whose class is among the `count` largest logits; None where that says nothing."""
        labels = self.images.labels
        if labels is None or (count > 1 and logits.shape[1] <= TOP):
            return None
        best = np.argsort(-logits.astype(np.float64), axis=1, kind="stable")[:, :count]
        return 100 * float((best == labels[:, None]).any(axis=1).mean())

    def form(self, form: Form, artifact: Artifact) -> FormResult:
        content = artifact.files[f"{artifact.name}{form.suffix}"]
        seconds: list[float] = []
        logits = form.run(content, self.images.pixels, seconds)
        if not form.integer:
            logits = logits / self.model.output.scale + self.model.output.zero_point
        return self.result(form.name, logits, content, seconds, form.runtime)

    def c(self, artifact: Artifact) -> FormResult:
        """Compile the C code for this machine and run it on all images."""
        from tinygmp.device.host import run_on_host
        from tinygmp.device.tools import host_compiler

        logits = run_on_host(artifact, words_of(self.model, [self.images.pixels])).logits
        compiler = "zig cc" if len(host_compiler()) > 1 else host_compiler()[0].rsplit("/", 1)[-1]
        source = artifact.files[artifact.entry_point]
        return self.result("c", logits, source, [], f"{compiler} on this machine")

    def result(
        self, name: str, logits: np.ndarray, content: bytes, seconds: list[float], runtime: str
    ) -> FormResult:
        """Return the result of logits in units of the reference's."""
        tolerance = image_tolerance(name, rounding_of(self.model))
        exact = tolerance.logit_deviation == 0
        classes = np.rint(logits).argmax(axis=1) if exact else logits.argmax(axis=1)
        # A real logit beyond the int8 range is no disagreement.
        clipped = np.clip(np.rint(logits) if exact else logits, -128, 127)
        expected = self.expected.logits.astype(np.float64)
        agreement = agree(name, clipped, expected, classes, self.expected.classes, exact)
        quartiles = np.percentile(1000 * np.array(seconds), [25, 50, 75]) if seconds else None
        return FormResult(
            form=name,
            agrees=agreement.within(tolerance),
            top1=self.top(logits, 1),
            top5=self.top(logits, TOP),
            mismatches=agreement.mismatches,
            images=agreement.windows,
            worst_logit_difference=float(np.abs(clipped - expected).max(initial=0)),
            worst_in_deviations=agreement.worst_logit,
            file_bytes=len(content),
            gzip_bytes=len(gzip.compress(content, 6, mtime=0)),
            milliseconds=None if quartiles is None else float(quartiles[1]),
            milliseconds_spread=None if quartiles is None else float(quartiles[2] - quartiles[0]),
            measured_by=runtime,
        )


def rounding_of(model: PackedModel) -> str:
    """Return how sums of the model become outputs."""
    return next(
        (node.operator.rounding for node in model.nodes_of(Linear) if isinstance(node.operator, Linear)),
        "fp32",
    )


def forms_of(model: PackedModel) -> tuple[Form, ...]:
    """Return every form that a runtime on this machine can take; the runtimes are imported when one runs."""

    arena = 3 * sum(sorted(value.size for value in model.values.values())[-2:]) + MICRO_SPARE_BYTES

    def litert(content: bytes, pixels: np.ndarray, seconds: list[float]) -> np.ndarray:
        from converters.to_tflite.run_graph import run_tflite_graph

        return run_tflite_graph(content, model, [pixels], seconds=seconds)["logits"]

    def plain(content: bytes, pixels: np.ndarray, seconds: list[float]) -> np.ndarray:
        from converters.to_tflite.run_graph import run_tflite_graph

        return run_tflite_graph(content, model, [pixels], True, seconds)["logits"]

    def micro(content: bytes, pixels: np.ndarray, seconds: list[float]) -> np.ndarray:
        from converters.to_tflite.run_graph import run_micro_graph

        return run_micro_graph(content, model, [pixels], arena, seconds)["logits"]

    def decoded(content: bytes, pixels: np.ndarray, seconds: list[float]) -> np.ndarray:
        from converters.to_tflite.run_graph import run_micro_graph

        largest = max(tensor.size for tensor in model.tensors())
        return run_micro_graph(content, model, [pixels], arena + 2 * largest, seconds, trusted=True)["logits"]

    def onnx(content: bytes, pixels: np.ndarray, seconds: list[float]) -> np.ndarray:
        from converters.to_onnx.run_graph import run_onnx_graph

        return run_onnx_graph(content, [pixels], seconds=seconds)["logits"]

    delegate, kernels = "LiteRT with XNNPACK", "LiteRT, reference kernels"
    return (
        Form("tflite int8, no delegate", "tflite", "_int8.tflite", kernels, plain, True),
        Form("tflite int8", "tflite", "_int8.tflite", delegate, litert, True),
        Form("tflite int8, micro", "tflite", "_int8.tflite", "TFLite Micro", micro, True),
        Form("tflite int8 decoded, micro", "tflite", "_int8_micro.tflite", "TFLite Micro", decoded, True),
        Form("tflite f32", "tflite", "_f32.tflite", delegate, litert, False),
        Form("tflite f32, no delegate", "tflite", "_f32.tflite", kernels, plain, False),
        Form("tflite f32 sparse", "tflite", "_f32_sparse.tflite", delegate, litert, False),
        Form("onnx exact", "onnx", "_exact.onnx", "onnxruntime", onnx, False),
        Form("onnx int8", "onnx", "_int8.onnx", "onnxruntime", onnx, False),
        Form("onnx f32", "onnx", ".onnx", "onnxruntime", onnx, False),
        Form("onnx f32 sparse", "onnx", "_sparse.onnx", "onnxruntime", onnx, False),
    )
