"""A picture of a user's data: one row a class, the channels of one recording over time."""

import io
from pathlib import Path

from tinygmp.artifact import write_atomically
from tinygmp.data.look import Look
from tinygmp.data.unit_outliers import families
from tinygmp.errors import ConfigError
from tinygmp.report.plots import PALETTE, figures

DOTS_PER_INCH = 130
ROW_INCHES, COLUMN_INCHES = 1.5, 4.6
MOST_ROWS = 24


def draw_data(found: Look) -> bytes:
    """Return a PNG: a row for each class, a column for each group of channels that share a unit, one scale a column."""
    groups = list(families(found.layout.channels).items())
    classes = list(found.examples)[:MOST_ROWS]
    rate = found.rate_hz
    with figures(COLUMN_INCHES * len(groups), ROW_INCHES * len(classes) + 0.7, len(classes), len(groups)) as (
        drawing,
        axes,
    ):
        for row, name in enumerate(classes):
            values = found.examples[name]
            times = [index / rate if rate else index for index in range(len(values))]
            for column, (family, members) in enumerate(groups):
                panel = axes[row][column]
                for place, channel in enumerate(members):
                    label = found.layout.channels[channel]
                    colour = PALETTE[place % len(PALETTE)]
                    panel.plot(times, values[:, channel], color=colour, linewidth=0.9, label=label)
                if row == 0:
                    panel.set_title(family, fontsize="medium", loc="left")
                    panel.legend(
                        frameon=False, fontsize="x-small", ncols=3, loc="lower right", bbox_to_anchor=(1, 1)
                    )
                if column == 0:
                    panel.set_ylabel(name, rotation=0, ha="right", va="center")
                if row == len(classes) - 1:
                    panel.set_xlabel("seconds" if rate else "rows")
        stream = io.BytesIO()
        drawing.savefig(stream, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
        return stream.getvalue()


def write_picture(found: Look, path: Path) -> Path:
    """Write the picture; raises ConfigError for a name that does not end in .png, or MissingToolError."""
    if path.suffix != ".png":
        raise ConfigError(f"picture '{path}': its name must end in .png")
    write_atomically(path, draw_data(found))
    return path
