"""What `tinygmp budget` finds, whatever the artifact: one record for every kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tinygmp.device.board import Board
from tinygmp.device.cores import CORES
from tinygmp.device.elf_sizes import Sizes
from tinygmp.errors import ConfigError
from tinygmp.graph.ledger import Ledger
from tinygmp.inspect.artifact_kind import Kind
from tinygmp.inspect.file import largest_first

# An MSP430's last 32 B of flash are vectors, of which a program here fills the one of its reset.
UNUSED_VECTOR_BYTES = 30


@dataclass(frozen=True)
class Reserve:
    """Bytes of a board that the rest of an application needs, and the most that the model may take, if set."""

    flash_bytes: int = 0
    ram_bytes: int = 0
    most_flash_bytes: int | None = None
    most_ram_bytes: int | None = None

    def taken_from(self, board: Board) -> Board:
        """Return the board with what is left; raises ConfigError when nothing is."""
        if min(self.flash_bytes, self.ram_bytes) < 0:
            raise ConfigError(
                f"reserve {self.flash_bytes} B flash, {self.ram_bytes} B RAM: must not be negative"
            )
        vectors = UNUSED_VECTOR_BYTES if CORES[board.core].family == "msp430" else 0
        flash_bytes = board.flash_bytes - vectors - self.flash_bytes
        if flash_bytes <= 0 or self.ram_bytes >= board.ram_bytes:
            raise ConfigError(
                f"board '{board.name}' has {board.flash_bytes:,} B flash and {board.ram_bytes:,} "
                f"B RAM; reserving "
                f"{self.flash_bytes:,} and {self.ram_bytes:,} leaves none for the model"
            )
        ram_bytes = board.ram_bytes - self.ram_bytes
        return replace(
            board,
            flash_bytes=min(
                flash_bytes, flash_bytes if self.most_flash_bytes is None else self.most_flash_bytes
            ),
            ram_bytes=min(ram_bytes, ram_bytes if self.most_ram_bytes is None else self.most_ram_bytes),
        )


@dataclass(frozen=True)
class BoardBudget:
    """A program against one board; `ram_bytes` leaves out the stack, whose peak is None where not measured.

    `verdict` is 'fits', 'does not fit', 'does not build' where the core or its compiler cannot take it, 'not for
    boards', or 'not certain' where a bound decides neither way; only 'fits' passes. `by_symbol` holds what takes the
    flash, largest first: the model's own symbols, those of the whole program for an ELF file, the tensors of a .tflite
    or .onnx file.
    `remedies` say what would make it fit.
    """

    board: str
    core: str
    fits: bool
    flash_bytes: int
    flash_limit_bytes: int
    ram_bytes: int
    ram_limit_bytes: int
    stack_bytes: int | None
    weights_bytes: int
    engine_bytes: int
    support_bytes: int
    by_symbol: Mapping[str, int]
    sentence: str
    measured_by: str
    verdict: str = "fits"
    by_section: Mapping[str, int] = field(default_factory=dict)
    remedies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.fits != (self.verdict == "fits"):
            raise ConfigError(f"board '{self.board}': verdict '{self.verdict}' contradicts fits={self.fits}")

    @property
    def flash_over_bytes(self) -> int:
        """Bytes of flash beyond the limit; negative when some are left."""
        return self.flash_bytes - self.flash_limit_bytes

    @property
    def ram_over_bytes(self) -> int:
        """Bytes of RAM beyond the limit, the stack counted where it is known; negative when some are left."""
        return self.ram_bytes + (self.stack_bytes or 0) - self.ram_limit_bytes


@dataclass(frozen=True)
class Budget:
    """Verdicts of all boards; `missing` maps a board to the tool that it lacks.

    `book` is the byte ledger of a packed model, None for other kinds; `by_part` the bytes of the artifact itself by
    kind of content; `notes` say what a reader must know of how the figures came about.
    """

    model: str
    synthetic: bool
    book: Ledger | None
    boards: tuple[BoardBudget, ...]
    missing: Mapping[str, str]
    kind: Kind = "packed"
    by_part: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        return all(board.fits for board in self.boards)


def board_budget(
    board: Board,
    limit: Board,
    sizes: Sizes,
    stack_bytes: int | None,
    links: bool,
    measured_by: str,
    sentence: str,
) -> BoardBudget:
    """Return the budget of a measured program on a board of whose memory it may have as much as `limit` has."""
    over = sizes.ram_bytes + (stack_bytes or 0) > limit.ram_bytes or sizes.flash_bytes > limit.flash_bytes
    fits = links and not over
    return BoardBudget(
        board=board.name,
        core=board.core,
        fits=fits,
        flash_bytes=sizes.flash_bytes,
        flash_limit_bytes=limit.flash_bytes,
        ram_bytes=sizes.ram_bytes,
        ram_limit_bytes=limit.ram_bytes,
        stack_bytes=stack_bytes,
        weights_bytes=sizes.weights_bytes,
        engine_bytes=sizes.engine_bytes,
        support_bytes=sizes.support_bytes,
        by_symbol=largest_first(sizes.by_symbol),
        sentence=sentence,
        measured_by=measured_by,
        verdict="fits" if fits else "does not fit",
        by_section=largest_first(sizes.by_section),
    )
