"""What the shell offers after an option: functions from what was typed so far to names, each with a word on it.

Nothing is imported before it is asked for, since a shell waits for it.
"""

from collections.abc import Iterable

Offers = list[tuple[str, str]]
TARGETS = {
    "c": "C99, one header and one source",
    "arm64": "C with NEON",
    "arduino": "a library for Arduino, PlatformIO and CMake",
    "tflite": "float, int8 and int16x8 files",
    "onnx": "float, int8 and exact files",
    "all": "c, tflite and onnx",
}
LEVELS = {"smallest": "-Os", "balanced": "-O2", "fastest": "-O3"}


def beginning(typed: str, offers: Iterable[tuple[str, str]]) -> Offers:
    return [(name, about) for name, about in offers if name.startswith(typed)]


def boards(incomplete: str) -> Offers:
    from tinygmp.device.board import board_names, find_board

    return [(name, find_board(name).title) for name in board_names() if name.startswith(incomplete)]


def targets(incomplete: str) -> Offers:
    return beginning(incomplete, TARGETS.items())


def levels(incomplete: str) -> Offers:
    return beginning(incomplete, LEVELS.items())


def cores(incomplete: str) -> Offers:
    from tinygmp.device.board import boards_containing

    return beginning(incomplete, sorted({(board.core, "") for board in boards_containing("")}))


def predicted_cores(incomplete: str) -> Offers:
    from tinygmp.cost.model import FOLDER

    return beginning(incomplete, ((path.stem, "") for path in sorted(FOLDER.glob("*.json"))))


def index_formats(incomplete: str) -> Offers:
    from tinygmp.sparse.registry import INDEX_FORMATS

    return beginning(incomplete, ((name, "") for name in INDEX_FORMATS))


def value_formats(incomplete: str) -> Offers:
    from tinygmp.sparse.registry import VALUE_FORMATS

    return beginning(incomplete, ((name, "") for name in VALUE_FORMATS))
