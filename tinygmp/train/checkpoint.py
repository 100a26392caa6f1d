"""Checkpoints from which training continues to the bit-identical result."""

import io
from pathlib import Path
from typing import Any

import torch

from tinygmp.artifact import write_atomically
from tinygmp.errors import FileFormatError


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a training state in one atomic step."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomically(path, buffer.getvalue())


def load_checkpoint(path: Path, settings: str) -> dict[str, Any] | None:
    """Return the state of a checkpoint, or None when there is none.

    Raises FileFormatError when it is damaged or was made with other settings.
    """
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
    except Exception as error:  # torch raises half a dozen unrelated types for damaged files
        raise FileFormatError(
            f"checkpoint '{path}' is damaged ({error}); delete it to start again"
        ) from error
    if state.get("settings") != settings:
        raise FileFormatError(
            f"checkpoint '{path}' was made with other settings; delete it or choose another folder"
        )
    return state
