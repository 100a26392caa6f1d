"""A recipe of one's own data made so small that it trains in seconds."""

import re
from pathlib import Path

QUICK = {
    r"hidden = \d+": "hidden = 8", r"window_steps = \d+": "window_steps = 16", r"\nepochs = \d+": "\nepochs = 8",
    r"dense_epochs = \d+": "dense_epochs = 5",
    r"start_epoch = \d+": "start_epoch = 2", r"end_epoch = \d+": "end_epoch = 5",
    r"stride_steps = \d+": "stride_steps = 16",
}  # fmt: skip


def quicken(recipe: Path) -> Path:
    text = recipe.read_text()
    for old, new in QUICK.items():
        text, found = re.subn(old, new, text)
        assert found == 1, old
    recipe.write_text(text)
    return recipe
