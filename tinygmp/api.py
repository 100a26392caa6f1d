"""The commands as functions: the same names, the same defaults, the same errors.

A model is a PackedModel, a path to a .tgmp file, or the name of one that comes with the package.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinygmp.errors import UnsupportedError
from tinygmp.packed.image_model import PackedImageModel
from tinygmp.packed.model import PackedModel
from tinygmp.packed.network import PackedNetwork

if TYPE_CHECKING:
    from tinygmp.device.board import Board
    from tinygmp.report.record import Report
    from tinygmp.workflows.budget_result import Budget
    from tinygmp.workflows.convert import Converted
    from tinygmp.workflows.doctor import Finding
    from tinygmp.workflows.inspect import Inspection
    from tinygmp.workflows.inspect_file import FileInspection
    from tinygmp.workflows.own.fitting import Fitted
    from tinygmp.workflows.own.further import Pruned
    from tinygmp.workflows.own.look import Look
    from tinygmp.workflows.own.training import Trained
    from tinygmp.workflows.repack import Repacked
    from tinygmp.workflows.verify import Verification
    from tinygmp.workflows.verify_images import ImageVerification

AnyModel = PackedNetwork | Path | str


def load(model: AnyModel = "har2") -> PackedNetwork:
    """Return a packed model; raises FileFormatError or ConfigError.

    >>> load().labels
    ('sitting_laying_upstairs', 'standing_walking_downstairs')
    """
    from tinygmp.workflows.pretrained import open_network

    return open_network(str(model)) if isinstance(model, (str, Path)) else model


def of_windows(model: PackedNetwork) -> PackedModel:
    """Return a network of sensor windows; raises UnsupportedError for an image network.

    >>> of_windows(load()).steps
    128
    """
    if not isinstance(model, PackedModel):
        raise UnsupportedError(f"'{model.name}' is an image network; this takes networks of sensor windows")
    return model


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
        from tinygmp.workflows.inspect_artifact import inspect_artifact

        return inspect_artifact(str(model))
    from tinygmp.workflows.inspect import inspect as workflow

    return workflow(model)


def convert(model: AnyModel, targets: Sequence[str], out: Path | str) -> "list[Converted]":
    """Write a model's files for each target ('c', 'onnx', 'tflite', 'arduino', 'all'): all of them or none.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in convert("har2", ["c"], folder)[0].paths][:2]
    ['har2.c', 'har2.h']
    """
    from tinygmp.workflows.convert import convert as workflow

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
    from tinygmp.workflows.budget_result import Reserve

    reserve = Reserve(reserve_flash_bytes, reserve_ram_bytes)
    if isinstance(model, (str, Path)):
        from tinygmp.workflows.budget_artifact import budget_artifact

        return budget_artifact(str(model), boards, reserve)
    from tinygmp.workflows.budget import budget as workflow

    return workflow(model, boards, reserve)


def verify(
    model: AnyModel,
    data: str | None = "random",
    targets: Sequence[str] = ("all",),
    boards: "Sequence[str | Board]" = (),
    windows_per_core: int = 64,
) -> "Verification | ImageVerification":
    """Convert a model, run it, and compare every answer with the integer reference.

    data of an image network is a folder of pictures, an .npz file of pixels, or 'random'.

    >>> verify("har2", targets=["c"]).artifacts["c"].mismatches
    0
    """
    from tinygmp.workflows.verify import verify as workflow
    from tinygmp.workflows.windows import load_windows

    packed = load(model)
    if isinstance(packed, PackedImageModel):
        from tinygmp.workflows.image_data import load_images
        from tinygmp.workflows.verify_images import verify_images

        return verify_images(packed, load_images(packed, data), targets, boards)
    packed = of_windows(packed)
    return workflow(packed, load_windows(packed, data), targets, boards, windows_per_core)


def pack(
    model: AnyModel, index_formats: Sequence[str] | None = None, value_formats: Sequence[str] = ("int8",)
) -> "Repacked":
    """Return a packed model in other storage formats; its answers stay the same.

    >>> pack("har2", ["csr8"]).stream_bytes > pack("har2").stream_bytes
    True
    """
    from tinygmp.workflows.repack import Wish, repack

    return repack(of_windows(load(model)), Wish(index_formats, value_formats))


def train_images(data: Path | str, out: Path | str, size: int, sparsity: float = 0.75) -> PackedImageModel:
    """Train, prune and pack MobileNet-V1 on pictures; `tinygmp.workflows.image_recipe` holds every other setting.

    >>> train_images("no-such-folder", "runs/none", 32)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tinygmp.errors.DataError: ...
    """
    from tinygmp.packed.file import load_network
    from tinygmp.workflows.image_pipeline import run_image_pipeline
    from tinygmp.workflows.image_recipe import ImageRecipe
    from tinygmp.workflows.training_images import Reading, open_training_images

    images = open_training_images(Path(data), Reading(size), cache=Path(out).parent / "image_cache")
    run_image_pipeline(
        ImageRecipe(size=size, sparsity=sparsity), images, Path(out), lambda stage, record: None
    )
    model = load_network(Path(out) / "model.tgmp")
    assert isinstance(model, PackedImageModel)  # what the pipeline wrote
    return model


def pack_images(
    weights: Path | str, pictures: Path | str, size: int | None = None, sparsity: float = 0.0
) -> PackedImageModel:
    """Return published image weights as a packed network, calibrated and perhaps pruned with unlabelled pictures.

    >>> pack_images("mobilenet.weights", "pictures/")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tinygmp.errors.ConfigError: 'mobilenet.weights' has no ending of image weights; known: .npz, .h5, ...
    """
    from tinygmp.workflows.pack_images import Meaning
    from tinygmp.workflows.pack_images import pack_images as workflow

    return workflow(Path(weights), Path(pictures), Meaning(size), sparsity)


def boards() -> "tuple[Board, ...]":
    """Return the boards that come with the package, by name.

    >>> [board.flash_bytes for board in boards() if board.name == "arduino-uno"]
    [32256]
    """
    from tinygmp.device.board import all_boards

    return all_boards()


def report(path: Path | str) -> "Report":
    """Return a run's report.json as a record; raises FileFormatError.

    >>> from tinygmp.workflows.pretrained import model_path
    >>> report(model_path().with_name("report.json")).passed
    True
    """
    from tinygmp.report.record import read_report

    path = Path(path)
    return read_report(path / "report.json" if path.is_dir() else path)


def doctor() -> "tuple[Finding, ...]":
    """Return every tool and optional package: whether it is here, what for, and how to install it.

    >>> {"onnxruntime", "avr-gcc"} <= {finding.name for finding in doctor()}
    True
    """
    from tinygmp.workflows.doctor import examine

    return examine()


def init(data: Path | str, out: Path | str, label: str = "", force: bool = False) -> "Look":
    """Look at recordings and write a commented recipe for them; raises OutputError, DataError or ConfigError.

    >>> import tempfile
    >>> from tinygmp.workflows.own.example import write_example
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     seen = init(write_example(Path(folder, "recordings"), 2, 2, 30), Path(folder, "gestures.toml"))
    >>> seen.classes, seen.windows
    (('circle', 'idle', 'shake'), 12)
    """
    from tinygmp.workflows.own.init import write_recipe

    return write_recipe(Path(data), Path(out), label, force)


def train(recipe: Path | str, out: Path | str | None = None) -> "Trained":
    """Train, prune, pack and score a network by a recipe; a run that was stopped continues.

    >>> import tempfile
    >>> from tinygmp.workflows.own.example import write_example
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     seen = init(write_example(Path(folder, "recordings"), 4, 1, 16), Path(folder, "gestures.toml"))
    ...     made = train(Path(folder, "gestures.toml"), Path(folder, "run"))
    >>> made.model.labels, round(made.report.pruned.sparsity, 1)
    (('circle', 'idle', 'shake'), 0.8)
    """
    from tinygmp.workflows.own.recipe import open_recipe
    from tinygmp.workflows.own.training import train as workflow

    return workflow(open_recipe(Path(recipe)), None if out is None else Path(out))


def prune(
    recipe: Path | str, sparsity: float, epochs: int | None = None, out: Path | str | None = None
) -> "Pruned":
    """Prune a recipe's network to another sparsity and fine-tune it; it is trained first where that was not done.

    >>> import tempfile
    >>> from tinygmp.workflows.own.example import write_example
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     seen = init(write_example(Path(folder, "recordings"), 4, 1, 16), Path(folder, "gestures.toml"))
    ...     made = prune(Path(folder, "gestures.toml"), 0.9, epochs=4, out=Path(folder, "run"))
    >>> round(made.sparsity, 2)
    0.9
    """
    from tinygmp.workflows.own.further import prune as workflow
    from tinygmp.workflows.own.recipe import open_recipe

    return workflow(open_recipe(Path(recipe)), sparsity, epochs, None if out is None else Path(out))


def fit(
    recipe: Path | str,
    board: "str | Board",
    max_drop: float = 0.5,
    hidden: Sequence[int] = (),
    sparsities: Sequence[float] = (0.5, 0.7, 0.8, 0.9, 0.95),
    out: Path | str | None = None,
) -> "Fitted":
    """Train, pack and build variants of a recipe's network, and choose the smallest that a board and the drop allow.

    >>> import tempfile
    >>> from tinygmp.workflows.own.example import write_example
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     seen = init(write_example(Path(folder, "recordings"), 4, 1, 16), Path(folder, "gestures.toml"))
    ...     found = fit(Path(folder, "gestures.toml"), "nucleo-g071rb", 100, [8], [0.8], Path(folder, "run"))
    >>> found.chosen is not None, all(variant.fits for variant in found.variants)
    (True, True)
    """
    from tinygmp.workflows.own.candidates import Wanted
    from tinygmp.workflows.own.fitting import fit as workflow
    from tinygmp.workflows.own.recipe import open_recipe

    wanted = Wanted(board, max_drop, hidden=tuple(hidden), sparsities=tuple(sparsities))
    return workflow(open_recipe(Path(recipe)), wanted, None if out is None else Path(out))
