"""Where tinygmp keeps on this machine what it would otherwise have to make or fetch again."""

import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Return the user's folder for tinygmp, made when absent; a private temporary one where it cannot be made."""
    folder = cache_place()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="tinygmp-cache-"))


def lab_folder() -> Path:
    """Return the folder of programs that were installed without root, one folder a program; it may be absent."""
    return cache_place() / "lab"


def cache_place() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinygmp"
