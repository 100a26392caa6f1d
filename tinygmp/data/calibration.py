"""Samples that a float network is calibrated, pruned and checked with: pictures, arrays or a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tinygmp.data.images import PICTURES, cut_out, labels_of_folder, open_picture
from tinygmp.data.recording_files import is_table
from tinygmp.data.samples import Samples, arrays_of, spread_over
from tinygmp.data.table import read_table
from tinygmp.errors import ConfigError, DataError
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.values import Shape

LABELS = ("labels", "label", "y", "class", "target")
MOST_NAMED = 5


@dataclass(frozen=True)
class Source:
    """What lies at a path before the network is known: picture files, or arrays by name; labels with either, or None.

    names: of the classes where folders tell them.
    """

    path: Path
    files: tuple[Path, ...] = ()
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    labels: np.ndarray | None = None
    names: tuple[str, ...] = ()

    @property
    def holds_pixels(self) -> bool:
        """True for pictures and for arrays of uint8."""
        return bool(self.files) or all(array.dtype == np.uint8 for array in self.arrays.values())

    def named(self, names: Sequence[str]) -> "Source":
        """Return the source with classes as a network counts them; without labels where its names are others."""
        if self.labels is None or not self.names:
            return self
        if not set(self.names) <= set(names):
            return replace(self, labels=None, names=())
        order = np.array([list(names).index(name) for name in self.names])
        return replace(self, labels=order[self.labels], names=tuple(names))

    def __len__(self) -> int:
        return len(self.files) or min(len(array) for array in self.arrays.values())


def open_source(path: Path) -> Source:
    """Return what lies at a path: a folder of pictures, an .npz or .npy file, or a table with a row a sample.

    Raises DataError.
    """
    if path.is_dir():
        return open_folder(path)
    if path.suffix == ".npy":
        return with_labels(path, {"x": array_of(path)})
    if path.suffix == ".npz":
        return with_labels(path, arrays_of(path))
    if is_table(path):
        table = read_table(path)
        label = next((name for name in table.columns if name.lower() in LABELS), None)
        rows = table.numbers([name for name in table.columns if name != label])
        classes = None if label is None else class_numbers(table.texts(label))
        return Source(path, arrays={"x": rows}, labels=None if classes is None else classes[0],
                      names=() if classes is None else classes[1])  # fmt: skip
    raise DataError(
        f"'{path}' is no folder of pictures ({', '.join(PICTURES[:3])} ...), no .npz, .npy or .csv file; give one to "
        "calibrate with"
    )


def open_folder(path: Path) -> Source:
    files, labels, names = labels_of_folder(path)
    if not files:
        raise DataError(f"no pictures in '{path}'; give a folder of some hundred, {', '.join(PICTURES)}")
    return Source(path, tuple(files), labels=labels, names=names)


def array_of(path: Path) -> np.ndarray:
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"'{path}' is no array of numbers ({error}); save it with numpy.save") from error
    return np.asarray(found)


def with_labels(path: Path, arrays: dict[str, np.ndarray]) -> Source:
    inputs = {name: array for name, array in arrays.items() if name.lower() not in LABELS}
    labels = next((array for name, array in arrays.items() if name.lower() in LABELS), None)
    if not inputs or min(array.size for array in inputs.values()) == 0:
        raise DataError(f"'{path}' holds {sorted(arrays)}, no samples; give an array [samples, ...]")
    for name, array in inputs.items():
        if array.dtype.kind not in "iufb" or not array.ndim or not np.isfinite(array).all():
            raise DataError(
                f"'{path}': '{name}' is {array.dtype} {array.shape}; give finite numbers [samples, ...]"
            )
    if len({len(array) for array in inputs.values()}) > 1:
        raise DataError(
            f"'{path}': its arrays hold { {name: len(each) for name, each in inputs.items()} } samples"
        )
    if labels is None:
        return Source(path, arrays=inputs)
    if labels.shape != (len(next(iter(inputs.values()))),):
        raise DataError(f"'{path}': labels are {labels.shape}, expected one a sample")
    numbers, names = class_numbers([str(each) for each in labels.tolist()])
    return Source(path, arrays=inputs, labels=numbers, names=names)


def class_numbers(texts: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return int64 classes and their names, which are empty where the texts are numbers already."""
    if all(text.isdecimal() for text in texts):
        return np.array([int(text) for text in texts], np.int64), ()
    names = tuple(sorted(set(texts)))
    return np.array([names.index(text) for text in texts], np.int64), names


def samples_for(
    graph: FloatGraph, source: Source, channels_first: bool, most: int, skip_corrupt: bool
) -> Samples:
    """Return up to `most` samples as the graph takes them, spread over all, of the graph's own layout.

    channels_first: how the network's file orders maps, so how arrays beside it may be ordered too. Raises DataError or
    ConfigError, which name what does not fit.
    """
    chosen = spread_over(len(source), most)
    labels = source.labels
    if labels is not None and labels.max(initial=0) >= int(np.prod(graph.output_shape)):
        labels = None  # classes of something else
    if source.files:
        pixels, kept, corrupt = decoded(graph, source, chosen, skip_corrupt)
        return Samples(str(source.path), False, (pixels,), None if labels is None else labels[kept], corrupt)
    arrays = tuple(
        fitted(graph, source, name, array, channels_first)[chosen]
        for name, array in zip(graph.inputs, arrays_in_order(graph, source), strict=True)
    )
    return Samples(str(source.path), False, arrays, None if labels is None else labels[chosen])


def arrays_in_order(graph: FloatGraph, source: Source) -> list[np.ndarray]:
    """Return the arrays of the graph's inputs: by their names, or the only one there is."""
    if len(graph.inputs) == len(source.arrays) == 1:
        return list(source.arrays.values())
    if missing := [name for name in graph.inputs if name not in source.arrays]:
        raise DataError(
            f"'{source.path}' holds {sorted(source.arrays)}; it needs an array '{missing[0]}' of the network's input"
        )
    return [source.arrays[name] for name in graph.inputs]


def fitted(
    graph: FloatGraph, source: Source, name: str, array: np.ndarray, channels_first: bool
) -> np.ndarray:
    """Return an array as the graph's input: its layout, and uint8, int16 or float32."""
    shape = graph.inputs[name]
    dtype = input_dtype(graph, name)
    if dtype != np.float32 and array.dtype.kind == "f":
        raise DataError(f"'{source.path}': '{name}' holds reals, the network takes {np.dtype(dtype)}")
    if graph.recurrent:
        if array.ndim != 3 or array.shape[2:] != shape:
            raise DataError(f"'{source.path}' is {array.shape}, expected [windows, steps, {shape[0]}]")
        return array.astype(dtype)
    found = in_layout(array, shape, channels_first)
    if found is None:
        raise DataError(
            f"'{source.path}': samples of {array.shape[1:]} for '{graph.source}', which takes {shape} (rows, columns, "
            "channels)"
        )
    return np.ascontiguousarray(found, dtype)


def in_layout(array: np.ndarray, shape: Shape, channels_first: bool) -> np.ndarray | None:
    """Return samples in the layout rows, columns, channels; None where they have other sides."""
    count, sides = len(array), array.shape[1:]
    if len(shape) == 1:
        return array.reshape(count, *shape) if int(np.prod(sides, initial=1)) == shape[0] else None
    rows, columns, channels = shape
    first, last = without_ones((channels, rows, columns)), without_ones(shape)
    flat = (rows * columns * channels,)
    if channels_first and (without_ones(sides) == first or sides == flat):
        return array.reshape(count, channels, rows, columns).transpose(0, 2, 3, 1)
    if without_ones(sides) == last or sides == flat:
        return array.reshape(count, *shape)
    if without_ones(sides) == first:
        return array.reshape(count, channels, rows, columns).transpose(0, 2, 3, 1)
    return None


def without_ones(sides: Sequence[int]) -> tuple[int, ...]:
    return tuple(side for side in sides if side != 1)


def input_dtype(graph: FloatGraph, name: str) -> type:
    """Return uint8 for pixels, int16 for sensor counts, float32 for plain reals."""
    kinds = {type(node.operator).__name__ for node in graph.readers(name)}
    return np.uint8 if "PixelInput" in kinds else np.int16 if "SensorScaling" in kinds else np.float32


def decoded(
    graph: FloatGraph, source: Source, chosen: np.ndarray, skip_corrupt: bool
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Return uint8 pixels, the indices of their files, and what is wrong with those left out."""
    rows, columns, channels = picture_shape(graph)
    pixels, kept, corrupt = [], [], []
    for index in chosen:
        try:
            pixels.append(cut_out(open_picture(source.files[index], channels), rows, columns, 1.0))
            kept.append(index)
        except DataError as error:
            corrupt.append(str(error))
    if corrupt and not (skip_corrupt and kept):
        more = f"; and {len(corrupt) - MOST_NAMED} more" if len(corrupt) > MOST_NAMED else ""
        raise DataError(
            f"{len(corrupt)} of {len(chosen)} pictures read in '{source.path}' are corrupt: "
            f"{'; '.join(corrupt[:MOST_NAMED])}{more}; remove them, or skip them with --skip-corrupt"
        )
    shaped = np.stack(pixels).reshape(len(pixels), rows, columns, channels)
    if input_dtype(graph, next(iter(graph.inputs))) == np.float32:
        raise ConfigError(
            f"'{graph.source}' takes reals, '{source.path}' holds pictures; give an .npz of reals"
        )
    return shaped, np.array(kept), tuple(corrupt)


def picture_shape(graph: FloatGraph) -> tuple[int, int, int]:
    """Return rows, columns and channels; raises ConfigError for a network that takes no pictures."""
    shape = next(iter(graph.inputs.values()))
    if len(graph.inputs) != 1 or len(shape) != 3 or shape[2] not in (1, 3):
        raise ConfigError(
            f"'{graph.source}' takes {dict(graph.inputs)}, no pictures; give arrays of its samples, .npz or .npy"
        )
    return shape[0], shape[1], shape[2]
