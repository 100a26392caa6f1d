"""Windows out of a user's .npz file: 'windows', 'labels', perhaps 'groups' and 'classes', and the same with 'test_'."""

from pathlib import Path

import numpy as np

from tinygmp.data.recordings import Labelled, Layout, OwnData, check_classes, digest
from tinygmp.errors import DataError
from tinygmp.foreign import read_arrays

Arrays = dict[str, np.ndarray]


def load_npz(layout: Layout) -> OwnData:
    """Return windows [n, steps, channels] with their labels: class numbers where 'classes' names them, else names."""
    arrays = npz_arrays(layout.path)
    labels = npz_array(layout.path, arrays, "labels")
    classes = tuple(str(name) for name in arrays.get("classes", np.unique(labels)))
    check_classes(layout.path, classes)
    windows = npz_part(layout, arrays, "", classes)
    test = npz_part(layout, arrays, "test_", classes) if "test_windows" in arrays else None
    return OwnData(layout.channels, classes, windows, test, digest(windows, test))


def npz_arrays(path: Path) -> Arrays:
    """Return every array of an .npz file; raises DataError."""
    return read_arrays(path)


def npz_array(path: Path, arrays: Arrays, name: str) -> np.ndarray:
    if name not in arrays:
        raise DataError(
            f"'{path}' holds {', '.join(sorted(arrays)) or 'nothing'}, but no array '{name}'; it needs 'windows' "
            "[n, steps, channels] and 'labels' [n]"
        )
    return arrays[name]


def npz_part(layout: Layout, arrays: Arrays, start: str, classes: tuple[str, ...]) -> Labelled:
    windows = npz_array(layout.path, arrays, f"{start}windows")
    labels = npz_array(layout.path, arrays, f"{start}labels")
    if windows.ndim != 3 or windows.shape[2] != len(layout.channels) or not windows.size:
        raise DataError(
            f"'{layout.path}': {start}windows has shape {windows.shape}, expected [windows, steps, "
            f"{len(layout.channels)}], one for each channel of the recipe"
        )
    check_numbers(layout.path, f"{start}windows", windows)
    alone = np.array([f"{start}window {number}" for number in range(len(windows))])
    groups = arrays.get(f"{start}groups", alone)
    for name, array in (("labels", labels), ("groups", groups)):
        if array.shape != (len(windows),):
            raise DataError(
                f"'{layout.path}': {start}{name} has shape {array.shape}, expected ({len(windows)},), one a window"
            )
    numbers = class_numbers(layout.path, labels, classes, numbered="classes" in arrays)
    return Labelled(windows.astype(np.float32), numbers, groups.astype(str))


def check_numbers(path: Path, name: str, windows: np.ndarray) -> None:
    """Raise DataError for what is no number or not finite, with the window, step and channel of the first."""
    if not np.issubdtype(windows.dtype, np.number):
        raise DataError(f"'{path}': {name} is of type {windows.dtype}, expected numbers")
    if len(bad := np.argwhere(~np.isfinite(windows))):
        window, step, channel = bad[0]
        raise DataError(
            f"'{path}': {name}[{window}, {step}, {channel}] is {windows[window, step, channel]}; "
            f"drop that window ({len(np.unique(bad[:, 0]))} such) or fill the gap"
        )


def class_numbers(path: Path, labels: np.ndarray, classes: tuple[str, ...], numbered: bool) -> np.ndarray:
    """Return labels as numbers of `classes`; numbered: integers are such numbers already."""
    if numbered and np.issubdtype(labels.dtype, np.integer):
        if labels.size and (labels.min() < 0 or labels.max() >= len(classes)):
            raise DataError(
                f"'{path}': labels {labels.min()}..{labels.max()}, expected 0..{len(classes) - 1}"
            )
        return labels.astype(np.int64)
    known = {name: number for number, name in enumerate(classes)}
    if unknown := sorted({str(label) for label in labels} - set(known)):
        raise DataError(f"'{path}': label '{unknown[0]}' is none of the classes {', '.join(classes)}")
    return np.array([known[str(label)] for label in labels], np.int64)
