"""What budgets found, as checks that passed or failed, for JUnit XML, SARIF and step summaries."""

from collections.abc import Sequence

from tinygmp.budget.baseline import Growth
from tinygmp.budget.project import Outcome
from tinygmp.budget.result import BoardBudget, Budget
from tinygmp.report.checks import Check, Result
from tinygmp.report.markdown import escaped, markdown_table
from tinygmp.report.rows import Row, size, used

RULES = {
    "does-not-fit": "The program takes more flash or RAM than the board leaves it.",
    "does-not-build": "The compiler of the board's core cannot take the program.",
    "not-certain": "The bounds of flash or RAM do not decide whether it fits.",
    "not-for-boards": "The artifact does not run on the board.",
    "grew": "Flash or RAM grew beyond the tolerance since the baseline.",
}
HEAD = ("board", "verdict", "flash", "RAM + stack", "measured by")
LARGEST = 8


def checks_of(outcome: Outcome) -> list[Check]:
    """Return one check for each board and each compared figure; a board without its tool is skipped."""
    found = [fit_check(outcome, board) for board in outcome.budget.boards]
    found += [growth_check(outcome, growth) for growth in outcome.growths]
    found += [
        Check(outcome.budget.model, f"fits {board}", "does-not-fit", "skipped", reason, outcome.given)
        for board, reason in outcome.budget.missing.items()
    ]
    return found


def fit_check(outcome: Outcome, board: BoardBudget) -> Check:
    rule = "does-not-fit" if board.fits else board.verdict.replace(" ", "-")
    figures = {
        "flash_bytes": board.flash_bytes,
        "flash_limit_bytes": board.flash_limit_bytes,
        "ram_bytes": board.ram_bytes,
        "ram_limit_bytes": board.ram_limit_bytes,
    }
    if board.stack_bytes is not None:
        figures["stack_bytes"] = board.stack_bytes
    result: Result = "passed" if board.fits else "failed"
    name = f"fits {board.board}"
    return Check(
        outcome.budget.model, name, rule, result, board.sentence, outcome.given, board.remedies, figures
    )


def growth_check(outcome: Outcome, growth: Growth) -> Check:
    return Check(
        outcome.budget.model,
        f"{growth.what} on {growth.board} since the baseline",
        "grew",
        "failed" if growth.beyond else "passed",
        growth.sentence,
        outcome.given,
        (),
        {"before_bytes": growth.before_bytes, "after_bytes": growth.after_bytes},
    )


def to_summary(outcomes: Sequence[Outcome]) -> str:
    """Return the budgets as Markdown for a pull request or a step summary."""
    parts = []
    for outcome in outcomes:
        found = outcome.budget
        parts.append(f"### {'✅' if outcome.passed else '❌'} {escaped(found.model)}: flash and RAM")
        if found.synthetic:
            parts.append("> **SYNTHETIC MODEL: trained on synthetic data; its answers mean nothing.**")
        if found.boards:
            parts.append(markdown_table(HEAD, [summary_row(board) for board in found.boards]))
        told = [f"{board.board}: {text}" for board in found.boards for text in board.remedies]
        told += [f"{'**grew** ' if growth.beyond else ''}{escaped(growth.sentence)}"
                 for growth in outcome.growths if growth.grown_bytes]  # fmt: skip
        told += [escaped(text) for text in (*found.notes, *outcome.notes)]
        told += [escaped(f"{board} was not run: {reason}") for board, reason in found.missing.items()]
        if told:
            parts.append("\n".join(f"- {text}" for text in told))
        if contributors := largest(found):
            parts.append(f"<details><summary>What takes the space</summary>\n\n{contributors}\n\n</details>")
    return "\n\n".join(parts) + "\n"


def summary_row(board: BoardBudget) -> Row:
    stack = "" if board.stack_bytes is None else f" + {board.stack_bytes:,}"
    ram = f"{board.ram_bytes:,}{stack} of {board.ram_limit_bytes:,} B"
    flash = used(board.flash_bytes, board.flash_limit_bytes)
    return Row((board.board, board.verdict, flash, ram, board.measured_by), board.fits)


def largest(found: Budget) -> str:
    """Return the largest symbols or tensors of the first board as a table."""
    if not found.boards or not found.boards[0].by_symbol:
        return ""
    first = found.boards[0]
    rows = [Row((name, size(count))) for name, count in list(first.by_symbol.items())[:LARGEST]]
    return markdown_table((f"on {first.board}", "bytes"), rows)
