"""An ONNX file against boards: what it holds, and the plain word that no board runs it."""

from collections.abc import Sequence
from pathlib import Path

from tinygmp.budget.packed import limits_of
from tinygmp.budget.result import BoardBudget, Budget, Reserve
from tinygmp.device.board import Board
from tinygmp.inspect.file import largest_first
from tinygmp.inspect.onnx_file import inspect_onnx

NOT_FOR_BOARDS = "not for boards"
REMEDY = "convert the packed model to C (`tinygmp convert --to c`), or to .tflite for 32-bit cores"


def budget_onnx(path: Path, boards: Sequence[str | Board], reserve: Reserve | None = None) -> Budget:
    """Return the bytes of an ONNX file by tensor; the verdict is 'not for boards' on every board.

    Raises FileFormatError for a file that is no ONNX model.
    """
    limits = limits_of(boards, reserve or Reserve())
    found = inspect_onnx(path)
    tensors = largest_first({tensor.name: tensor.stored_bytes for tensor in found.tensors if tensor.constant})
    held = sum(tensors.values())
    results = tuple(
        BoardBudget(
            board=board.name,
            core=board.core,
            fits=False,
            flash_bytes=found.file_bytes,
            flash_limit_bytes=limit.flash_bytes,
            ram_bytes=0,
            ram_limit_bytes=limit.ram_bytes,
            stack_bytes=None,
            weights_bytes=held,
            engine_bytes=0,
            support_bytes=max(found.file_bytes - held, 0),
            by_symbol=tensors,
            sentence=f"{board.title}: onnxruntime does not run on boards; the file is {found.file_bytes:,} B",
            measured_by="size of the file",
            verdict=NOT_FOR_BOARDS,
            remedies=(REMEDY,),
        )
        for board, limit in limits
    )
    notes = (f"onnxruntime does not run on boards; the file is {found.file_bytes:,} B",)
    return Budget(found.name, False, None, results, {}, "onnx",
                  {"initializers": held, "graph and names": max(found.file_bytes - held, 0)}, notes)  # fmt: skip
