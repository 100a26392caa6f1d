"""The budget of whatever a user gave: a packed model, generated C, a built program, a .tflite or an .onnx file."""

from collections.abc import Sequence

from tinygmp.device.board import Board
from tinygmp.workflows.artifact_kind import kind_of
from tinygmp.workflows.budget_result import Budget, Reserve
from tinygmp.workflows.progress import OnStep, silent


def budget_artifact(
    given: str,
    boards: Sequence[str | Board],
    reserve: Reserve | None = None,
    on_step: OnStep = silent,
    cached: bool = True,
) -> Budget:
    """Return the budget of a file, folder or shipped model on boards, less the reserve.

    Raises ConfigError or FileFormatError for what it cannot read, BuildError for C that does not compile.
    """
    kind, path = kind_of(given)
    if kind == "elf":
        from tinygmp.workflows.budget_elf import budget_elf

        return budget_elf(path, boards, reserve)
    if kind == "tflite":
        from tinygmp.workflows.budget_tflite import budget_tflite

        return budget_tflite(path, boards, reserve, cached)
    if kind == "onnx":
        from tinygmp.workflows.budget_onnx import budget_onnx

        return budget_onnx(path, boards, reserve)
    if kind == "c":
        from tinygmp.workflows.budget_c import budget_c

        return budget_c(path, boards, reserve, on_step, cached)
    from tinygmp.workflows.budget import budget
    from tinygmp.workflows.pretrained import open_network

    return budget(open_network(str(path)), boards, reserve, on_step, cached)
