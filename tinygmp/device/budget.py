"""Does a program fit a board: flash and RAM against what the board has, told in one sentence."""

from dataclasses import dataclass

from tinygmp.device.board import Board
from tinygmp.device.elf_sizes import Sizes


@dataclass(frozen=True)
class BudgetResult:
    """Flash and RAM of a program against a board; `ram_bytes` leaves out the stack, `stack_bytes` None if unknown."""

    board: Board
    sizes: Sizes
    stack_bytes: int | None = None

    @property
    def flash_over(self) -> int:
        """Bytes of flash beyond the board's, negative when some are left."""
        return self.sizes.flash_bytes - self.board.flash_bytes

    @property
    def ram_over(self) -> int:
        """Bytes of RAM beyond the board's, stack included when it is known."""
        return self.sizes.ram_bytes + (self.stack_bytes or 0) - self.board.ram_bytes

    @property
    def fits(self) -> bool:
        return self.flash_over <= 0 and self.ram_over <= 0

    @property
    def sentence(self) -> str:
        """What a user reads: 'flash 33,120 of 32,256 B: 864 B over; weights 2,412, code 1,020 ...'."""
        sizes = self.sizes
        flash = f"flash {sizes.flash_bytes:,} of {self.board.flash_bytes:,} B: {verdict(self.flash_over)}"
        parts = f"weights {sizes.weights_bytes:,}, code {sizes.engine_bytes:,}"
        parts += f", start-up and test loop {sizes.support_bytes:,}"
        stack = f" + {self.stack_bytes:,} stack" if self.stack_bytes is not None else " (stack not measured)"
        ram = f"RAM {sizes.ram_bytes:,}{stack} of {self.board.ram_bytes:,} B: {verdict(self.ram_over)}"
        return f"{self.board.title}: {flash}; {parts}; {ram}"


def verdict(over: int) -> str:
    return f"{over:,} B over" if over > 0 else f"{-over:,} B left"


def check_budget(sizes: Sizes, board: Board, stack_bytes: int | None = None) -> BudgetResult:
    """Compare a program's sizes with a board."""
    return BudgetResult(board, sizes, stack_bytes)
