"""The tables of `tinygmp budget`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinygmp.budget.project import Outcome
    from tinygmp.budget.result import BoardBudget, Budget
    from tinygmp.report.rows import Row

HEAD = ("board", "verdict", "flash", "flash left", "RAM + stack", "RAM left", "measured by")
LARGEST_SYMBOLS = 8
REST = {"packed": "start-up and test loop", "c": "start-up and test loop", "elf": "without a symbol",
        "onnx": "graph and names"}  # fmt: skip


def print_outcome(outcome: Outcome) -> None:
    """Print verdicts, what takes the space, what would make it fit and what grew."""
    from tinygmp.commands import show
    from tinygmp.report.rows import Row

    found = outcome.budget
    if found.synthetic:
        show.print_synthetic("SYNTHETIC MODEL: trained on synthetic data; its answers mean nothing.")
    if found.boards:
        rows = [board_row(board) for board in found.boards]
        show.print_table(f"'{found.model}' on boards", HEAD, rows)
    print_parts(found)
    changed = [growth for growth in outcome.growths if growth.grown_bytes]
    if outcome.growths:
        rows = [Row((growth.what, "grew" if growth.beyond else "within tolerance", growth.sentence), not growth.beyond)
                for growth in changed]  # fmt: skip
        if rows:
            show.print_table("since the baseline", ("what", "verdict", "change"), rows)
        else:
            print("since the baseline: nothing changed")
    for board in found.boards:
        if not board.fits:
            print("; ".join((board.sentence, *board.remedies)))
    for note in (*found.notes, *outcome.notes):
        print(f"note: {note}")


def print_parts(found: Budget) -> None:
    """Print what takes the flash of a single board, and the parts of the artifact."""
    from tinygmp.commands import show
    from tinygmp.report.rows import size

    if len(found.boards) == 1:
        only = found.boards[0]
        if found.kind in ("elf", "tflite"):
            sections = [(name, size(count)) for name, count in only.by_section.items()]
            show.print_table(f"flash on {only.board} by section", ("what", "bytes"), sections)
        if only.by_symbol:
            title = f"{'tensors' if found.kind in ('tflite', 'onnx') else 'flash'} on {only.board}"
            show.print_table(title, ("what", "bytes"), symbol_rows(found, only))
    parts = [(part, size(count)) for part, count in found.by_part.items()]
    if found.book is not None:
        parts.append(("payload", size(found.book.payload_bytes)))
        parts.append(("information limit", size(round(found.book.limit_bytes))))
        show.print_table(f"payload of '{found.model}'", ("part", "bytes"), parts)
    elif len(found.boards) != 1 and found.kind != "c":
        show.print_table(f"'{found.model}'", ("part", "bytes"), parts)


def symbol_rows(found: Budget, only: BoardBudget) -> list[tuple[str, str]]:
    """Return the largest symbols, then all others together."""
    from tinygmp.report.rows import size

    symbols = list(only.by_symbol.items())
    rows = [(name, size(count)) for name, count in symbols[:LARGEST_SYMBOLS]]
    rest = sum(count for _, count in symbols[LARGEST_SYMBOLS:])
    named = "tensors" if found.kind in ("tflite", "onnx") else "symbols"
    rows += [(f"other {named}", size(rest))] if rest else []
    rows += [(REST[found.kind], size(only.support_bytes))] if found.kind in REST else []
    return rows


def board_row(board: BoardBudget) -> Row:
    from tinygmp.report.rows import Row, size, used

    stack = "" if board.stack_bytes is None else f" + {board.stack_bytes:,}"
    cells = (
        board.board,
        board.verdict,
        used(board.flash_bytes, board.flash_limit_bytes),
        size(-board.flash_over_bytes),
        f"{board.ram_bytes:,}{stack} of {board.ram_limit_bytes:,} B",
        size(-board.ram_over_bytes),
        board.measured_by,
    )
    return Row(cells, board.fits)
