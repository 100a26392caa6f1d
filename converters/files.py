"""A packed model to files for a device or a runtime, all of them or none."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from converters.base import CONVERTERS, TARGETS, converter
from tinygmp.artifact import Artifact
from tinygmp.errors import ConfigError, OutputError
from tinygmp.graph.model import PackedModel
from tinygmp.progress import OnStep, silent

ALL = "all"


@dataclass(frozen=True)
class Converted:
    """An artifact and where its files lie."""

    artifact: Artifact
    folder: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return the files, the one to open first in front."""
        first = self.artifact.entry_point
        return tuple(
            self.folder / path for path in sorted(self.artifact.files, key=lambda path: path != first)
        )


def convert(
    model: PackedModel, targets: Sequence[str], out_folder: Path, on_step: OnStep = silent
) -> list[Converted]:
    """Convert a model to each target ('c', 'tflite', 'onnx', 'arduino' or 'all') and write the files into one folder.

    Nothing is written unless every conversion succeeds. Raises UnsupportedError for an unknown target or a
    model that a target cannot hold, OutputError for a folder that cannot be written.
    """
    artifacts = make_artifacts(model, targets, on_step)
    write_together(artifacts, out_folder)
    return [Converted(artifact, out_folder) for artifact in artifacts]


def make_artifacts(model: PackedModel, targets: Sequence[str], on_step: OnStep = silent) -> list[Artifact]:
    """Return the artifact of each target, in memory."""
    chosen = TARGETS if ALL in targets else tuple(dict.fromkeys(targets))
    if not chosen:
        raise ConfigError(f"no target was given; known: {', '.join((*CONVERTERS, ALL))}")
    converters = [
        (target, converter(target)) for target in chosen
    ]  # an unknown target is told before any work
    artifacts = []
    for done, (target, convert_to) in enumerate(converters):
        on_step(f"converting '{model.name}' to {target}", done, len(converters))
        artifacts.append(convert_to(model))
    on_step("converted", len(converters), len(converters))
    return artifacts


def write_together(artifacts: Sequence[Artifact], folder: Path) -> None:
    """Write the files of several artifacts: first all into a hidden neighbour, then move each to its
    place.
    """
    files: dict[str, bytes] = {}
    for artifact in artifacts:
        for path, content in artifact.files.items():
            if files.setdefault(path, content) != content:
                raise ConfigError(f"two targets write '{path}'; convert them into different folders")
    existed = folder.exists()
    staging = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=folder, prefix=".tinygmp-"))
        for path, content in files.items():
            (staging / path).parent.mkdir(parents=True, exist_ok=True)
            (staging / path).write_bytes(content)
        for path in files:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            os.replace(staging / path, folder / path)
    except OSError as error:
        if not existed and folder.is_dir():
            shutil.rmtree(folder)
        raise OutputError(
            f"cannot write into '{folder}': {error.strerror}; give --out a folder that you may write to"
        ) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
