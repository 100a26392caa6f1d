"""Files that someone changed and gave a right digest again."""

import json
from collections.abc import Callable
from typing import Any

import safetensors.numpy

from tinygmp.graph.file import digest


def forged(content: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the file with its description changed in place and its digest corrected."""
    header_bytes = int.from_bytes(content[:8], "little")
    description = json.loads(json.loads(content[8 : 8 + header_bytes])["__metadata__"]["tinygmp"])
    change(description)
    arrays = safetensors.numpy.load(content)
    del arrays["digest"]
    text = json.dumps(description)
    return bytes(
        safetensors.numpy.save(arrays | {"digest": digest(text, arrays)}, metadata={"tinygmp": text})
    )
