"""Write the first recipe for a user's data, commented, with values that suit what the data look like."""

import json
import math
import os
import re
from pathlib import Path
from string import Template

from tinygmp.artifact import write_atomically
from tinygmp.data.example_recordings import write_example
from tinygmp.data.look import Look, look_at
from tinygmp.errors import ConfigError, OutputError
from tinygmp.progress import OnStep, silent
from tinygmp.projects.recipe import OwnRecipe
from tinygmp.recipes.windows import read_recipe

INT16_LIMIT = 32767
HEADROOM = 2.0  # the sensor's range may be twice what the recordings show
WINDOWS_TO_SEE = 400_000  # a training's length: epochs times windows
TEMPLATE = Path(__file__).with_name("recipe.template.toml")


def write_recipe(
    data: Path, out: Path, label: str = "", force: bool = False, on_step: OnStep = silent
) -> Look:
    """Look at the data, write a recipe for them, and return what was seen.

    Raises OutputError when the recipe exists and `force` is not set, DataError or ConfigError for the data.
    """
    check_free(out, force)
    if out.suffix != ".toml":
        raise ConfigError(f"recipe '{out}': its name must end in .toml")
    found = look_at(data, label, on_step)
    content = recipe_text(found, name_of(out), os.path.relpath(data, out.absolute().parent)).encode()
    read_recipe(OwnRecipe, content, f"recipe '{out}'")  # what is written can be read
    write_atomically(out, content)
    return found


def write_example_recipe(
    folder: Path, out: Path, label: str = "", force: bool = False, on_step: OnStep = silent
) -> Look:
    """Write synthetic recordings into a new folder and a recipe for them; raises as `write_recipe` does."""
    check_free(out, force)
    return write_recipe(write_example(folder), out, label, force, on_step)


def check_free(out: Path, force: bool) -> None:
    if out.exists() and not force:
        raise OutputError(f"'{out}' exists; choose another with --out, or overwrite it with --force")


def name_of(out: Path) -> str:
    """Return a name fit for C out of a file's name."""
    name = re.sub(r"[^a-z0-9_]+", "_", out.stem.lower()).strip("_")
    return (name if name[:1].isalpha() else f"model_{name}")[:40].rstrip("_")


def recipe_text(found: Look, name: str, path: str) -> str:
    """Return the recipe as TOML."""
    layout = found.layout
    training_windows = max(1, round(0.6 * found.windows))
    epochs = int(min(150, max(60, WINDOWS_TO_SEE // training_windows)))
    units, counts = sensor_of(found)
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        name=name,
        path=toml(Path(path).as_posix()),
        layout=toml(layout.kind),
        channels=toml(list(layout.channels)),
        seen=", ".join(f"{kind} ({count})" for kind, count in found.recordings.items()).replace("\n", " "),
        ignored=", ".join(found.ignored).replace("\n", " ") or "none",
        window_steps=layout.window_steps,
        stride_steps=layout.stride_steps,
        seconds=f", {layout.window_steps / found.rate_hz:.2f} s at {found.rate_hz:g} Hz"
        if found.rate_hz
        else "",
        lengths=f"{min(found.rows)} to {max(found.rows)} rows",
        label_column=toml(layout.label_column),
        group_by=toml(layout.group_by),
        group_column=toml(layout.group_column),
        groups=found.groups,
        time_column=toml(layout.time_column),
        synthetic="true" if found.synthetic else "false",
        units=toml(units),
        counts_per_unit=toml(counts),
        rate_hz=toml(round(found.rate_hz or 0.0, 6)),
        epochs=epochs,
        dense_epochs=max(1, epochs // 2),
        batch_size=int(min(100, max(8, 2 ** round(math.log2(training_windows / 12 + 1))))),
        start_epoch=round(0.3 * epochs),
        end_epoch=round(0.6 * epochs),
        rotation_degrees=8.0 if in_threes(layout.channels) else 0.0,
    )


def toml(value: object) -> str:
    """Return a text or a list as TOML, which these have in common with JSON."""
    return json.dumps(value, ensure_ascii=False)


def sensor_of(found: Look) -> tuple[list[str], list[float]]:
    """Return units and counts per unit: raw counts as they are, else the largest power of two that leaves headroom."""
    channels = len(found.layout.channels)
    if found.whole_numbers and max(found.largest) <= INT16_LIMIT:
        return ["count"] * channels, [1.0] * channels
    families = [re.sub(r"[xyz]$", "", name.lower()) for name in found.layout.channels]
    tops: dict[str, float] = {}
    for family, top in zip(families, found.largest, strict=True):
        tops[family] = max(tops.get(family, 0.0), top, 1e-6)
    counts = [2.0 ** math.floor(math.log2(INT16_LIMIT / (HEADROOM * tops[family]))) for family in families]
    return ["unit"] * channels, counts


def in_threes(channels: tuple[str, ...]) -> bool:
    """Tell whether channels are vectors: their names end in x, y, z, again and again."""
    return len(channels) % 3 == 0 and all(
        name.lower().endswith("xyz"[index % 3]) for index, name in enumerate(channels)
    )
