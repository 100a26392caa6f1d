"""The .tgmp file: a safetensors container whose one metadata entry describes the layers (docs/tgmp.md).

Version 1 holds networks of sensor windows, version 2 image networks that round as gemmlowp does, version 3 those
that tell their rounding; each is written in the lowest that can hold it.

Every stream and array is a tensor of its own, exactly as it lies in flash. A SHA-256 over description and
tensors is stored as the tensor 'digest', so that no damaged file is ever half understood.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from tinygmp.artifact import write_atomically
from tinygmp.errors import FileFormatError, TinyGmpError
from tinygmp.packed.description import Arrays, Description, build_model, describe_model
from tinygmp.packed.image_description import IMPLIED_ROUNDING, build_images, describe_images
from tinygmp.packed.image_model import PackedImageModel
from tinygmp.packed.model import PackedModel
from tinygmp.packed.network import PackedNetwork
from tinygmp.packed.ranges import prove_ranges

WINDOWS_VERSION, IMAGES_VERSION, ROUNDED_IMAGES_VERSION = READABLE = 1, 2, 3
METADATA_KEY = "tinygmp"
DIGEST = "digest"
FILE_BYTES_LIMIT = 1 << 28


def save_model(model: PackedNetwork, path: Path) -> Path:
    """Write a model to a .tgmp file in one atomic step; the same model always gives the same bytes."""
    write_atomically(path, to_bytes(model))
    return path


def load_network(path: Path) -> PackedNetwork:
    """Read a .tgmp file of either kind; raises FileFormatError when it is missing, damaged, forged or too new."""
    try:
        if path.stat().st_size > FILE_BYTES_LIMIT:
            raise FileFormatError(f"'{path}' has {path.stat().st_size} B, the limit is {FILE_BYTES_LIMIT}")
        content = path.read_bytes()
    except OSError as error:
        raise FileFormatError(f"cannot read '{path}': {error.strerror}; check the path") from error
    return network_from_bytes(content, str(path))


def load_model(path: Path) -> PackedModel:
    """Read a .tgmp file of a network of sensor windows; raises FileFormatError as `load_network`."""
    return windows_model(load_network(path), str(path))


def from_bytes(content: bytes, source: str) -> PackedModel:
    """Return the network of sensor windows in the content of a .tgmp file; `source` names it in errors."""
    return windows_model(network_from_bytes(content, source), source)


def windows_model(model: PackedNetwork, source: str) -> PackedModel:
    if not isinstance(model, PackedModel):
        raise FileFormatError(
            f"'{source}' holds the image network '{model.name}'; a network of sensor windows is needed here"
        )
    return model


def to_bytes(model: PackedNetwork) -> bytes:
    """Return the content of a .tgmp file."""
    version, description, arrays = describe(model)
    text = json.dumps({"version": version, **description}, separators=(",", ":"), ensure_ascii=True)
    tensors = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    tensors[DIGEST] = digest(text, tensors)
    return safetensors.numpy.save(tensors, metadata={METADATA_KEY: text})


def describe(model: PackedNetwork) -> tuple[int, Description, Arrays]:
    if isinstance(model, PackedImageModel):
        plain = model.rounding == IMPLIED_ROUNDING
        return (IMAGES_VERSION if plain else ROUNDED_IMAGES_VERSION, *describe_images(model))
    if isinstance(model, PackedModel):
        return (WINDOWS_VERSION, *describe_model(model))
    raise FileFormatError(f"'{type(model).__name__}' has no .tgmp form; pack it first")


def network_from_bytes(content: bytes, source: str) -> PackedNetwork:
    """Return the model in the content of a .tgmp file of either kind; `source` names it in errors."""
    text, arrays = read_container(content, source)
    stored = arrays.pop(DIGEST, None)
    if stored is None or not np.array_equal(stored, digest(text, arrays)):
        raise FileFormatError(
            f"'{source}' is damaged: its SHA-256 digest does not match; fetch or pack it again"
        )
    description = parse_description(text, source)
    try:
        if description["version"] in (IMAGES_VERSION, ROUNDED_IMAGES_VERSION):
            return build_images(description, arrays)
        model = build_model(description, arrays)
        for tensor in model.tensors():
            tensor.check()
        prove_ranges(model)
    except TinyGmpError as error:
        raise FileFormatError(f"'{source}' holds an invalid model: {str(error)[:400]}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise FileFormatError(
            f"'{source}' has an invalid description ({repr(error)[:200]}); pack it again"
        ) from error
    return model


def parse_description(text: str, source: str) -> dict[str, Any]:
    """Return the description of a readable version; raises FileFormatError."""
    try:
        description = json.loads(text)
        version = description["version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileFormatError(
            f"'{source}' has an invalid description ({str(error)[:200]}); pack it again"
        ) from error
    if type(version) is not int or version not in READABLE:
        raise FileFormatError(
            f"'{source}' has .tgmp version {str(version)[:20]}, this tinygmp reads {', '.join(map(str, READABLE))}; "
            "upgrade tinygmp"
        )
    return dict(description)


def read_container(content: bytes, source: str) -> tuple[str, dict[str, np.ndarray]]:
    """Return the description text and the arrays of a safetensors container."""
    try:
        arrays = safetensors.numpy.load(content)
        header_bytes = int.from_bytes(content[:8], "little")
        header: dict[str, Any] = json.loads(content[8 : 8 + header_bytes])
        text = header["__metadata__"][METADATA_KEY]
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError(
            f"'{source}' is not a complete .tgmp file ({str(error)[:200]}); fetch or pack it again"
        ) from error
    return text, arrays


def digest(text: str, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Return SHA-256, uint8 [32], of the description and of every array's name, type, shape and bytes."""
    state = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        state.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        state.update(np.ascontiguousarray(array).tobytes())
    return np.frombuffer(state.digest(), np.uint8)
