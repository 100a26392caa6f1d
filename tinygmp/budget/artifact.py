"""The budget of whatever a user gave: a packed model, generated C, a built program, a .tflite or an .onnx file."""

from collections.abc import Sequence

from tinygmp.budget.result import Budget, Reserve
from tinygmp.device.board import Board
from tinygmp.inspect.artifact_kind import kind_of
from tinygmp.progress import OnStep, silent


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
        from tinygmp.budget.elf_file import budget_elf

        return budget_elf(path, boards, reserve)
    if kind == "tflite":
        from tinygmp.budget.tflite_file import budget_tflite

        return budget_tflite(path, boards, reserve, cached)
    if kind == "onnx":
        from tinygmp.budget.onnx_file import budget_onnx

        return budget_onnx(path, boards, reserve)
    if kind == "c":
        from tinygmp.budget.c_folder import budget_c

        return budget_c(path, boards, reserve, on_step, cached)
    from tinygmp.budget.packed import budget
    from tinygmp.shipped import open_model

    return budget(open_model(str(path)), boards, reserve, on_step, cached)
