"""How the test firmware calls a generated model: names derived from the artifact, written as one small header."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from tinygmp.artifact import Artifact
from tinygmp.errors import ConfigError


@dataclass(frozen=True)
class ModelSources:
    """The files of a C artifact that a build needs: every header, the model's one source, and its symbol prefix."""

    prefix: str
    source: str
    files: dict[str, bytes]
    interface: str = "windows"

    @property
    def step_symbol(self) -> str:
        """The function whose calls are measured: one sample of a window, or one image."""
        return f"{self.prefix}_classify" if self.interface == "images" else f"{self.prefix}_step"

    @property
    def main(self) -> str:
        """The test loop that feeds such a model."""
        return "image_main.c" if self.interface == "images" else "main.c"

    @property
    def header(self) -> bytes:
        """The content of model_interface.h."""
        return (
            image_interface_header(self.prefix)
            if self.interface == "images"
            else interface_header(self.prefix)
        )


def model_sources(artifact: Artifact) -> ModelSources:
    """Return what to compile; raises ConfigError when the artifact is not C or lacks its source."""
    if artifact.target != "c":
        raise ConfigError(f"artifact '{artifact.name}' is for '{artifact.target}'; boards need target 'c'")
    source = f"{artifact.name}.c"
    flat = {PurePosixPath(path).name: content for path, content in artifact.files.items()}
    if source not in flat or f"{artifact.name}.h" not in flat:
        raise ConfigError(
            f"artifact '{artifact.name}' holds no {artifact.name}.c and .h: {sorted(artifact.files)}"
        )
    wanted = {name: text for name, text in flat.items() if name == source or name.endswith(".h")}
    return ModelSources(artifact.name, source, wanted, artifact.interface)


def interface_header(prefix: str) -> bytes:
    """Return model_interface.h: the model's names under fixed ones, so that the firmware's source never changes."""
    upper = prefix.upper()
    lines = (
        f'#include "{prefix}.h"',
        f"#define TG_STATE {prefix}_state",
        f"#define TG_CHANNELS {upper}_CHANNELS",
        f"#define TG_CLASSES {upper}_CLASSES",
        f"#define TG_INIT {prefix}_init",
        f"#define TG_STEP {prefix}_step",
        f"#define TG_PREDICT {prefix}_predict",
    )
    return ("\n".join(lines) + "\n").encode()


def image_interface_header(prefix: str) -> bytes:
    """Return model_interface.h of an image network."""
    upper = prefix.upper()
    lines = (
        f'#include "{prefix}.h"',
        f"#define TG_SCRATCH {prefix}_scratch",
        f"#define TG_CLASSES {upper}_CLASSES",
        f"#define TG_IMAGE_BYTES {upper}_IMAGE_BYTES",
        f"#define TG_CLASSIFY {prefix}_classify",
        f"#if defined({upper}_PIXELS_OFFSET)",
        f"#define TG_PIXELS_OFFSET {upper}_PIXELS_OFFSET",
        "#endif",
    )
    return ("\n".join(lines) + "\n").encode()
