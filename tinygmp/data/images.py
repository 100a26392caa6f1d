"""Images to check a packed network with: a folder of the user's own, an array file, or random patterns.

A picture is made RGB (grey ones get three equal channels), its largest centred part of the network's shape times `crop`
is cut out and resized bilinearly to the network's rows and columns.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tinygmp.data.samples import Samples, arrays_of, own_samples, spread_over
from tinygmp.errors import ConfigError, DataError, MissingToolError, UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.progress import OnStep, silent

if TYPE_CHECKING:
    from PIL.Image import Image

RANDOM = "random"
RANDOM_IMAGES = 16
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".ppm", ".tif", ".tiff")
LABEL_FILE = "labels.csv"


@dataclass(frozen=True)
class Choice:
    """Which pictures of a folder are read, and how.

    crop: side of the square relative to the largest one, above 0 and at most 1; limit: at most so many, spread evenly.
    skip_corrupt: leave out what cannot be decoded, instead of refusing the folder.
    """

    crop: float = 1.0
    limit: int | None = None
    skip_corrupt: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.crop <= 1:
            raise ConfigError(f"crop {self.crop} is outside (0, 1]; 1 takes the largest centred square")
        if self.limit is not None and self.limit < 1:
            raise ConfigError(f"{self.limit} images: at least 1 is needed")


def load_images(
    model: PackedModel, source: str | None = None, choice: Choice | None = None, on_step: OnStep = silent
) -> Samples:
    """Return images for a network.

    source: a folder with a labels.csv (columns file and label, a number or a class name; files in it or in images/),
    with one subfolder for each class, or of pictures without labels; one with train/ and test/ or val/, of which the
    latter is taken; an .npz file with 'pixels' (uint8) and perhaps 'labels'; or 'random', which None means too.
    Raises DataError, which names every corrupt picture, or ConfigError.
    """
    choice = choice or Choice()
    if source is None or source == RANDOM:
        return random_images(model, choice.limit or RANDOM_IMAGES)
    path = Path(source)
    if path.suffix == ".npz":
        return array_images(model, path, choice)
    if not path.is_dir():
        raise DataError(
            f"'{source}' is no folder and no .npz file; give a folder of pictures, or --data random"
        )
    if (path / "train").is_dir() and test_part(path).is_dir():
        path = test_part(path)  # what `train-images` takes: only these are unknown to the network
    files, labels = listed(model, path)
    if not files:
        raise DataError(f"no pictures in '{path}'; known endings are {', '.join(PICTURES)}")
    chosen = spread_over(len(files), choice.limit)
    return decoded_images(model, path, [files[i] for i in chosen], labels, chosen, choice, on_step)


def test_part(folder: Path) -> Path:
    """Return the subfolder of pictures to test on, test or val, of one that holds train/ beside it."""
    return next((folder / name for name in ("test", "val") if (folder / name).is_dir()), folder / "test")


def listed(model: PackedModel, folder: Path) -> tuple[list[Path], np.ndarray | None]:
    """Return files and labels of a folder."""
    files, texts = labelled_files(folder)
    if texts is None:
        return files, None
    numbers = [class_number(model, text, str(file)) for file, text in zip(files, texts, strict=True)]
    return files, np.array(numbers, np.int64)


def labelled_files(folder: Path) -> tuple[list[Path], list[str] | None]:
    """Return the pictures of a folder and what labels.csv, or the folder that each lies in, says of them."""
    if (folder / LABEL_FILE).is_file():
        return labelled_by_file(folder)
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    if not classes:
        return pictures(folder), None
    files = [(file, one.name) for one in classes for file in pictures(one)]
    return [file for file, _ in files], [name for _, name in files]


def labels_of_folder(folder: Path) -> tuple[list[Path], np.ndarray | None, tuple[str, ...]]:
    """Return files in order, int64 classes or None, and the classes' names, of a folder of any depth.

    Numbers are classes themselves, names are counted in order; pictures beside or below the classes' folders leave no
    classes.
    """
    everything = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)
    files, texts = labelled_files(folder)
    if texts is None or set(files) != set(everything):
        return everything, None, ()
    by_file = dict(zip(files, texts, strict=True))
    texts = [by_file[file] for file in everything]
    if all(text.isdecimal() for text in texts):
        return everything, np.array([int(text) for text in texts], np.int64), ()
    names = tuple(sorted(set(texts)))
    return everything, np.array([names.index(text) for text in texts], np.int64), names


def labelled_by_file(folder: Path) -> tuple[list[Path], list[str]]:
    try:
        with open(folder / LABEL_FILE, newline="", encoding="utf-8") as stream:
            rows = [(row["file"], row["label"]) for row in csv.DictReader(stream)]
    except (KeyError, csv.Error, UnicodeDecodeError) as error:
        raise DataError(
            f"'{folder / LABEL_FILE}' is not readable ({error!r}); it needs columns file and label"
        ) from error
    within = folder / "images" if (folder / "images").is_dir() else folder
    return [within / file for file, _ in rows], [label for _, label in rows]


def class_number(model: PackedModel, label: str, place: str) -> int:
    """Return the class of a name or number; raises DataError with the classes there are."""
    if label in model.labels:
        return model.labels.index(label)
    if label.isdecimal() and int(label) < len(model.labels):
        return int(label)
    known = ", ".join(model.labels[:8]) + (", ..." if len(model.labels) > 8 else "")
    raise DataError(
        f"{place}: class '{label}' is none of the {len(model.labels)} of model '{model.name}' ({known}); "
        "rename it, or use its number"
    )


def pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)


def decoded_images(
    model: PackedModel,
    folder: Path,
    files: list[Path],
    labels: np.ndarray | None,
    chosen: np.ndarray,
    choice: Choice,
    on_step: OnStep,
) -> Samples:
    """Decode files; corrupt ones are all named in one error, or left out."""
    rows, columns, channels = image_shape(model)
    pixels = np.empty((len(files), rows, columns, channels), np.uint8)
    good, corrupt = [], []
    for index, file in enumerate(files):
        on_step(f"reading {file.name}", index, len(files))
        try:
            pixels[index] = cut_out(open_picture(file, channels), rows, columns, choice.crop)
            good.append(index)
        except DataError as error:
            corrupt.append(str(error))
    on_step("images read", len(files), len(files))
    if corrupt and (not choice.skip_corrupt or not good):
        more = f"; and {len(corrupt) - 5} more" if len(corrupt) > 5 else ""
        raise DataError(
            f"{len(corrupt)} of {len(files)} pictures in '{folder}' are corrupt: {'; '.join(corrupt[:5])}{more}; "
            "remove them, or skip them with --skip-corrupt"
        )
    kept = None if labels is None else labels[chosen][good]
    return Samples(str(folder), False, (pixels[good],), kept, tuple(corrupt))


def open_picture(file: Path, channels: int) -> "Image":
    """Return a picture in RGB, or in grey where the network takes one channel; raises DataError."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise MissingToolError("Pillow is absent; install it with: pip install pillow") from error
    if channels not in (1, 3):
        raise DataError(f"a network of {channels} channels takes no pictures; give an .npz file of pixels")
    try:
        with Image.open(file) as picture:
            return picture.convert("RGB" if channels == 3 else "L")
    except UnidentifiedImageError as error:
        raise DataError(f"'{file.name}' is no picture") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"'{file.name}' cannot be decoded ({str(error)[:80]})") from error


def cut_out(picture: "Image", rows: int, columns: int, crop: float) -> np.ndarray:
    """Return uint8 [rows, columns, channels] of the largest centred part of that shape, times `crop`."""
    from PIL import Image

    scale = min(picture.width / columns, picture.height / rows) * crop
    width, height = max(1, round(columns * scale)), max(1, round(rows * scale))
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    cut = picture.crop((left, top, left + width, top + height))
    pixels = np.asarray(cut.resize((columns, rows), Image.Resampling.BILINEAR), np.uint8)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def takes_image(model: PackedModel) -> bool:
    """Return whether a model's one input is a map of uint8 pixels."""
    return len(model.inputs) == 1 and model.input.dtype == "uint8" and len(model.input.shape) == 3


def image_shape(model: PackedModel) -> tuple[int, int, int]:
    """Return rows, columns and channels of a model's pixels; raises UnsupportedError where it takes none."""
    if not takes_image(model):
        raise UnsupportedError(
            f"model '{model.name}' takes no image of uint8 pixels; this needs one that does"
        )
    return model.input.map_shape


def array_images(model: PackedModel, path: Path, choice: Choice) -> Samples:
    """Return the images of an .npz file, which have the network's size already."""
    image_shape(model)
    arrays = arrays_of(path)
    if "pixels" not in arrays:
        raise DataError(f"'{path}' holds {sorted(arrays)}; it needs 'pixels' (uint8)")
    return own_samples(model, path, [arrays["pixels"]], arrays.get("labels")).spread(choice.limit)


def random_images(model: PackedModel, count: int = RANDOM_IMAGES, seed: int = 0) -> Samples:
    """Return coarse random patterns with noise."""
    pixels = np.stack(list(random_patterns(model, count, seed)))
    return Samples("random patterns", False, (pixels,))


def random_patterns(model: PackedModel, count: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    rows, columns, channels = image_shape(model)
    for _ in range(count):
        coarse = rng.integers(0, 256, (4, 4, channels)).repeat(-(-rows // 4), 0).repeat(-(-columns // 4), 1)
        noisy = coarse[:rows, :columns] + rng.integers(-40, 41, (rows, columns, 1))
        yield np.clip(noisy, 0, 255).astype(np.uint8)
