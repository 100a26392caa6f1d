"""The boards that 'all' means for an artifact."""

from collections.abc import Iterable
from dataclasses import dataclass

from tinygmp.device.board import Board, all_boards
from tinygmp.device.cores import CORES
from tinygmp.inspect.artifact_kind import kind_of


@dataclass(frozen=True)
class EveryBoard:
    """Boards that an artifact can be measured for; `left_out` names those for whose core nothing can be built here."""

    boards: tuple[Board, ...]
    left_out: tuple[str, ...] = ()


def every_board(given: str, own: Iterable[Board] = ()) -> EveryBoard:
    """Return all boards, `own` among them, of a built program those of its family; raises as `kind_of` does."""
    boards = tuple({board.name: board for board in (*all_boards(), *own)}.values())
    kind, path = kind_of(given)
    if kind == "elf":
        from tinygmp.budget.elf_file import read_program

        _, family = read_program(path.read_bytes(), path)
        return EveryBoard(tuple(board for board in boards if CORES[board.core].family == family))
    if kind not in ("packed", "c"):
        return EveryBoard(boards)
    return EveryBoard(
        tuple(board for board in boards if CORES[board.core].has_compiler),
        tuple(board.name for board in boards if not CORES[board.core].has_compiler),
    )
