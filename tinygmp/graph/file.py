"""The .tgmp file: a safetensors container whose one metadata entry describes the graph (docs/tgmp.md).

Version 4 holds graphs and is what is written, 5 where a cell has a state of 16 bits and 6 where a model may answer
'none of these', which a reader of 4 would not notice; versions 1 to 3 are read as graphs too.

Every stream and array is a tensor of its own, exactly as it lies in flash. A SHA-256 over description and
tensors is stored as the tensor 'digest', so that no damaged file is ever half understood.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from tinygmp.artifact import write_atomically
from tinygmp.errors import FileFormatError, TinyGmpError
from tinygmp.foreign import reads
from tinygmp.graph.description import build_model, describe_model
from tinygmp.graph.earlier_files import build_earlier
from tinygmp.graph.fields import Description
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.fastgrnn import FastGrnn

VERSION, WIDE_VERSION, REJECT_VERSION = 4, 5, 6
READABLE = (1, 2, 3, VERSION, WIDE_VERSION, REJECT_VERSION)
METADATA_KEY = "tinygmp"
DIGEST = "digest"
FILE_BYTES_LIMIT = 1 << 28


def save_model(model: PackedModel, path: Path) -> Path:
    """Write a model to a .tgmp file in one atomic step; the same model always gives the same bytes."""
    write_atomically(path, to_bytes(model))
    return path


@reads("a .tgmp file", "fetch or pack it again", FileFormatError)
def load_model(path: Path) -> PackedModel:
    """Read a .tgmp file; raises FileFormatError when it is missing, damaged, forged or too new."""
    try:
        if path.stat().st_size > FILE_BYTES_LIMIT:
            raise FileFormatError(f"'{path}' has {path.stat().st_size} B, the limit is {FILE_BYTES_LIMIT}")
        content = path.read_bytes()
    except OSError as error:
        raise FileFormatError(f"cannot read '{path}': {error.strerror}; check the path") from error
    return from_bytes(content, str(path))


def to_bytes(model: PackedModel) -> bytes:
    """Return the content of a .tgmp file."""
    text, tensors = described(model)
    tensors[DIGEST] = digest(text, tensors)
    return bytes(safetensors.numpy.save(tensors, metadata={METADATA_KEY: text}))


def version_of(model: PackedModel) -> int:
    if model.reject is not None:
        return REJECT_VERSION
    wide = any(isinstance(node.operator, FastGrnn) and node.operator.wide for node in model.nodes)
    return WIDE_VERSION if wide else VERSION


def content_hash(model: PackedModel) -> str:
    """Return the SHA-256 that the model's .tgmp file holds, in hexadecimal: equal only where everything is equal."""
    return digest(*described(model)).tobytes().hex()


def described(model: PackedModel) -> tuple[str, dict[str, np.ndarray]]:
    """Return the description text and the arrays of a .tgmp file."""
    description, arrays = describe_model(model)
    text = json.dumps({"version": version_of(model), **description}, separators=(",", ":"), ensure_ascii=True)
    return text, {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def from_bytes(content: bytes, source: str) -> PackedModel:
    """Return the model in the content of a .tgmp file; `source` names it in errors."""
    text, arrays = read_container(content, source)
    stored = arrays.pop(DIGEST, None)
    if stored is None or not np.array_equal(stored, digest(text, arrays)):
        raise FileFormatError(
            f"'{source}' is damaged: its SHA-256 digest does not match; fetch or pack it again"
        )
    description = parse_description(text, source)
    try:
        build = build_model if description["version"] >= VERSION else build_earlier
        model = build(description, arrays)
        for tensor in model.tensors():
            tensor.check()
    except TinyGmpError as error:
        raise FileFormatError(f"'{source}' holds an invalid model: {str(error)[:400]}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise FileFormatError(
            f"'{source}' has an invalid description ({repr(error)[:200]}); pack it again"
        ) from error
    return model


def parse_description(text: str, source: str) -> Description:
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
        header = json.loads(content[8 : 8 + header_bytes])
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
