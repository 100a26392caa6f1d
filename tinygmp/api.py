"""The commands as functions: the same names, the same defaults, the same errors.

A model is a PackedModel, a path to a .tgmp file, or the name of one that comes with the package.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tinygmp.graph.model import PackedModel

if TYPE_CHECKING:
    from converters.files import Converted
    from tinygmp.budget.result import Budget
    from tinygmp.data.look import Look
    from tinygmp.device.board import Board
    from tinygmp.device.debian.install import Installation
    from tinygmp.doctor import Finding
    from tinygmp.inspect.file import FileInspection
    from tinygmp.inspect.packed import Inspection
    from tinygmp.pack.repack import Repacked
    from tinygmp.projects.further import Pruned
    from tinygmp.projects.pack_file import PackedFile
    from tinygmp.projects.training_run import Trained
    from tinygmp.report.fits import FitFacts
    from tinygmp.report.record import Report
    from tinygmp.verify.verification import Verification

AnyModel = PackedModel | Path | str


def load(model: AnyModel = "har2") -> PackedModel:
    """Return a packed model; raises FileFormatError or ConfigError.

    >>> load().labels
    ('sitting_laying_upstairs', 'standing_walking_downstairs')
    """
    from tinygmp.shipped import open_model

    return open_model(str(model)) if isinstance(model, (str, Path)) else model


def inspect(model: AnyModel = "har2") -> "Inspection | FileInspection":
    """Return layers, formats, sparsity and bytes of a model beside the information limit.

    Of a .tflite, .onnx or ELF file, or of a folder of generated C, its layers, tensors and bytes.

    >>> found = inspect()
    >>> found.payload_bytes == sum(found.by_part.values())
    True
    >>> found.payload_bytes < 1.05 * found.limit_bytes
    True
    """
    if isinstance(model, (str, Path)):
        from tinygmp.inspect.artifact import inspect_artifact

        return inspect_artifact(str(model))
    from tinygmp.inspect.packed import inspect as workflow

    return workflow(model)


def convert(model: AnyModel, targets: Sequence[str], out: Path | str) -> "list[Converted]":
    """Write a model's files for each target ('c', 'onnx', 'tflite', 'arduino', 'all'): all of them or none.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in convert("har2", ["c"], folder)[0].paths][:2]
    ['har2.c', 'har2.h']
    """
    from converters.files import convert as workflow

    return workflow(load(model), targets, Path(out))


def budget(
    model: AnyModel, boards: "Sequence[str | Board]", reserve_flash_bytes: int = 0, reserve_ram_bytes: int = 0
) -> "Budget":
    """Return what an artifact takes on boards and what is left: C is built and measured, other files are read.

    model is also the path of a .tflite, .onnx or ELF file, or of a folder of generated C.

    >>> budget("har2", ["nucleo-g071rb"]).fits
    True
    >>> "nonzeros would have to go" in budget("har2", ["ch32v003"], 14_000).boards[0].remedies[0]
    True
    """
    from tinygmp.budget.result import Reserve

    reserve = Reserve(reserve_flash_bytes, reserve_ram_bytes)
    if isinstance(model, (str, Path)):
        from tinygmp.budget.artifact import budget_artifact

        return budget_artifact(str(model), boards, reserve)
    from tinygmp.budget.packed import budget as workflow

    return workflow(model, boards, reserve)


def verify(
    model: AnyModel,
    data: str | None = "random",
    targets: Sequence[str] = ("all",),
    boards: "Sequence[str | Board]" = (),
    samples_per_core: int | None = None,
) -> "Verification":
    """Convert a model, run it, and compare every answer with the integer reference.

    data: what the model takes, see tinygmp.data.source, or 'random'. samples_per_core: windows, or runs of a graph
    without states, for each simulated board.

    >>> verify("har2", targets=["c"]).artifacts["c"].mismatches
    0
    """
    from tinygmp.data.source import load_samples
    from tinygmp.verify.verification import verify as workflow

    packed = load(model)
    return workflow(packed, load_samples(packed, data), targets, boards, samples_per_core)


def pack(
    model: AnyModel, index_formats: Sequence[str] | None = None, value_formats: Sequence[str] = ("int8",)
) -> "Repacked":
    """Return a packed model in other storage formats; its answers stay the same.

    >>> pack("har2", ["csr8"]).stream_bytes > pack("har2").stream_bytes
    True
    """
    from tinygmp.pack.repack import Wish, repack

    return repack(load(model), Wish(index_formats, value_formats))


def train_images(data: Path | str, out: Path | str, size: int, sparsity: float = 0.75) -> PackedModel:
    """Train, prune and pack MobileNet-V1 on pictures; `tinygmp.projects.image_recipe` holds every other setting.

    >>> train_images("no-such-folder", "runs/none", 32)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tinygmp.errors.DataError: ...
    """
    from tinygmp.data.training_images import Reading
    from tinygmp.graph.file import load_model
    from tinygmp.projects.image_recipe import ImageRecipe, batch_within_memory
    from tinygmp.projects.train_images import train_images as workflow

    batch_size = batch_within_memory(ImageRecipe.width, size)
    recipe = ImageRecipe(size=size, sparsity=sparsity, batch_size=batch_size)
    workflow(recipe, Path(data), Path(out), Reading(size))
    return load_model(Path(out) / "model.tgmp")


def pack_file(
    path: Path | str, calibrate: Path | str, sparsity: float = 0.0, size: int | None = None
) -> "PackedFile":
    """Make a packed model of a network file, calibrated, perhaps pruned, and checked with samples.

    `tinygmp.projects.pack_file.PackWish` holds every other setting.

    >>> pack_file("mobilenet.onnx", "pictures/")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tinygmp.errors.DataError: 'pictures' is no folder of pictures ...
    """
    from tinygmp.projects.pack_file import PackWish
    from tinygmp.projects.pack_file import pack_file as workflow
    from tinygmp.readers.load import Meaning

    return workflow(Path(path), Path(calibrate), PackWish(Meaning(size), sparsity=sparsity))


def boards(text: str = "") -> "tuple[Board, ...]":
    """Return the boards that come with the package, by name; only those that contain a text in names or chip.

    >>> [board.flash_bytes for board in boards() if board.name == "arduino-uno"]
    [32256]
    >>> [board.name for board in boards("atmega2560")]
    ['arduino-mega']
    """
    from tinygmp.device.board import boards_containing

    return boards_containing(text)


def report(path: Path | str) -> "Report":
    """Return a run's report.json as a record; raises FileFormatError.

    >>> from tinygmp.shipped import model_path
    >>> report(model_path().with_name("report.json")).passed
    True
    """
    from tinygmp.report.record import read_report

    return read_report(Path(path))


def doctor() -> "tuple[Finding, ...]":
    """Return every tool and optional package: whether it is here, what for, and how to install it.

    >>> {"onnxruntime", "avr-gcc"} <= {finding.name for finding in doctor()}
    True
    """
    from tinygmp.doctor import examine

    return examine()


def install_tools(names: Sequence[str] = ()) -> "Installation":
    """Install programs of the device lab without root, those named or all that are missing; needs apt and a network.

    >>> install_tools(["gcc-for-a-toaster"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tinygmp.errors.ConfigError: program 'gcc-for-a-toaster' is unknown; use one of avr-gcc, simavr, ...
    """
    from tinygmp.doctor import install_tools as workflow

    return workflow(names)


def init(data: Path | str, out: Path | str, label: str = "", force: bool = False) -> "Look":
    """Look at recordings and write a commented recipe for them; raises OutputError, DataError or ConfigError.

    >>> import tempfile
    >>> from tinygmp.data.example_recordings import write_example
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     seen = init(write_example(Path(folder, "recordings"), 2, 2, 30), Path(folder, "gestures.toml"))
    >>> seen.classes, seen.windows
    (('circle', 'idle', 'shake'), 12)
    """
    from tinygmp.projects.init import write_recipe

    return write_recipe(Path(data), Path(out), label, force)


def train(recipe: Path | str, out: Path | str | None = None, leave_one_out: bool = False) -> "Trained":
    """Train, prune, pack and score a network by a recipe; a run that was stopped continues.

    >>> import tempfile
    >>> from tinygmp.data.example_recordings import write_example
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     seen = init(write_example(Path(folder, "recordings"), 4, 1, 16), Path(folder, "gestures.toml"))
    ...     made = train(Path(folder, "gestures.toml"), Path(folder, "run"))
    >>> made.model.labels, round(made.report.pruned.sparsity, 1)
    (('circle', 'idle', 'shake'), 0.8)
    """
    from tinygmp.projects.recipe import open_recipe
    from tinygmp.projects.training_run import train as workflow

    return workflow(
        open_recipe(Path(recipe)), None if out is None else Path(out), leave_one_out=leave_one_out
    )


def prune(
    recipe: Path | str, sparsity: float, epochs: int | None = None, out: Path | str | None = None
) -> "Pruned":
    """Prune a recipe's network to another sparsity and fine-tune it; it is trained first where that was not done.

    >>> import tempfile
    >>> from tinygmp.data.example_recordings import write_example
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     seen = init(write_example(Path(folder, "recordings"), 4, 1, 16), Path(folder, "gestures.toml"))
    ...     made = prune(Path(folder, "gestures.toml"), 0.9, epochs=4, out=Path(folder, "run"))
    >>> round(made.sparsity, 2)
    0.9
    """
    from tinygmp.projects.further import prune as workflow
    from tinygmp.projects.recipe import open_recipe

    return workflow(open_recipe(Path(recipe)), sparsity, epochs, None if out is None else Path(out))


def fit(
    recipe: Path | str,
    board: "str | Board",
    max_drop: float = 0.5,
    hidden: Sequence[int] = (),
    sparsities: Sequence[float] = (0.5, 0.7, 0.8, 0.9, 0.95),
    out: Path | str | None = None,
    prefer: Literal["smallest", "accurate"] = "smallest",
    bits: Sequence[str] = ("8", "mixed", "4"),
    reserve_flash_bytes: int = 0,
    reserve_ram_bytes: int = 0,
    reject: float | None = None,
    unknown: Path | str | None = None,
) -> "FitFacts":
    """Train, pack and build variants of a recipe's network, and choose the one that a board and the drop allow.

    >>> import tempfile
    >>> from tinygmp.data.example_recordings import write_example
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     seen = init(write_example(Path(folder, "recordings"), 4, 1, 16), Path(folder, "gestures.toml"))
    ...     found = fit(Path(folder, "gestures.toml"), "nucleo-g071rb", 100, [8], [0.8], Path(folder, "run"))
    >>> found.chosen is not None, all(variant.fits for variant in found.variants)
    (True, True)
    """
    from tinygmp.budget.result import Reserve
    from tinygmp.projects.candidates import Wanted
    from tinygmp.projects.fitting import fit as workflow
    from tinygmp.projects.recipe import open_recipe

    reserve = Reserve(reserve_flash_bytes, reserve_ram_bytes)
    others = None if unknown is None else Path(unknown)
    wanted = Wanted(
        board, max_drop, prefer, tuple(hidden), tuple(sparsities), tuple(bits), reserve, reject, others
    )
    return workflow(open_recipe(Path(recipe)), wanted, None if out is None else Path(out))
