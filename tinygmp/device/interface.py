"""How the test firmware calls a generated model: names derived from the artifact, written as one small header."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from tinygmp.artifact import Artifact
from tinygmp.errors import ConfigError

CALL = (
    r"(?:uint16_t|void) ({prefix}_(?:classify|run))\("
    r"((?:const u?int\d+_t \*\w+, )+)((?:u?int\d+_t \*\w+, )+){prefix}_scratch"
)
PORT = re.compile(r"(u?int\d+_t) \*(\w+)")


@dataclass(frozen=True)
class ModelSources:
    """The files of a C artifact that a build needs: every header, the model's one source, and its symbol prefix."""

    prefix: str
    source: str
    files: dict[str, bytes]
    interface: str = "stream"

    @property
    def step_symbol(self) -> str:
        """The function whose calls are measured: one sample of a stream, or one run of a graph."""
        return f"{self.prefix}_step" if self.interface == "stream" else graph_call(self)[0]

    @property
    def header(self) -> bytes:
        """The content of model_interface.h: the model's names under fixed ones, so that the firmware never changes."""
        lines = stream_lines(self) if self.interface == "stream" else graph_lines(self)
        return ("\n".join((f'#include "{self.prefix}.h"', *lines)) + "\n").encode()


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


def stream_lines(sources: ModelSources) -> list[str]:
    """Return the names of a stream: state, step, and the answer, which may be 'none of these'."""
    prefix, upper = sources.prefix, sources.prefix.upper()
    header = sources.files[f"{prefix}.h"].decode(errors="replace")
    answer = "answer" if f"#define {upper}_NONE " in header else "predict"
    return [
        f"#define TG_STATE {prefix}_state",
        f"#define TG_CHANNELS {upper}_CHANNELS",
        f"#define TG_CLASSES {upper}_CLASSES",
        f"#define TG_INIT {prefix}_init",
        f"#define TG_STEP {prefix}_step",
        f"#define TG_PREDICT {prefix}_{answer}",
    ]


def graph_lines(sources: ModelSources) -> list[str]:
    """Return the names of a graph: each input and output with its type and size, and the call of all of them."""
    upper = sources.prefix.upper()
    function, inputs, outputs = graph_call(sources)
    names = ", ".join(f"tg_{name}" for _, name in (*inputs, *outputs))
    call = f"{function}({names}, &tg_scratch)"
    lines = [f"#define TG_SCRATCH {sources.prefix}_scratch"]
    for which, found in (("INPUTS", inputs), ("OUTPUTS", outputs)):
        each = " ".join(f"X({kind}, tg_{name}, {upper}_{name.upper()}_SIZE)" for kind, name in found)
        lines.append(f"#define TG_{which}(X) {each}")
    lines.append(f"#define TG_CALL() {call if function.endswith('_classify') else f'({call}, 0u)'}")
    header = sources.files[f"{sources.prefix}.h"].decode(errors="replace")
    if f"#define {upper}_PIXELS_OFFSET " in header:
        lines.append(f"#define TG_PIXELS_OFFSET {upper}_PIXELS_OFFSET")
    return lines


def graph_call(sources: ModelSources) -> tuple[str, list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the function that runs a graph, and type and name of its inputs and outputs, from its header."""
    header = sources.files[f"{sources.prefix}.h"].decode(errors="replace")
    found = re.search(CALL.format(prefix=sources.prefix), header)
    if found is None:
        raise ConfigError(
            f"header of '{sources.prefix}' declares neither a step nor a run; convert the model again"
        )
    return found[1], PORT.findall(found[2]), PORT.findall(found[3])
