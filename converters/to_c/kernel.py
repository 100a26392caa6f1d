"""What an operator's handler tells about one way to run a node in C."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from converters.to_c.arrays import ConstantArray

# Takes C expressions: pointers of what the node reads and writes, in its order, and of its work space (uint32_t *).
Call = Callable[[Sequence[str], Sequence[str], str], str]


@dataclass(frozen=True)
class Kernel:
    """One way to run a node; a handler offers several, the faster first, of which the planner takes one.

    sources: files of runtime/ that it includes. arrays: what lies in flash. definitions: text at file scope, behind the
    arrays. call: the statements. work_bytes: work space, aligned to four bytes, not kept. overlap: for each read, how
    many bytes behind the start of the first written value the read one must begin, at least, to share memory with it
    (0: in place; None: never).
    """

    sources: tuple[str, ...]
    arrays: tuple[ConstantArray, ...]
    call: Call
    definitions: str = ""
    work_bytes: int = 0
    overlap: tuple[int | None, ...] = (None,)


# Value -> the run of its map (tg_map.c), where that is not 1.
Runs = Mapping[str, int]
INTERLEAVED: Runs = {}

# Takes model, node and, where it can read or write planes, runs, and returns the ways to run the node; raises
# UnsupportedError, naming model, layer, value and remedy, where there is none.
Handler = Callable[..., list[Kernel]]


def rounded(count: int, to: int) -> int:
    """Return the next multiple."""
    return -(-count // to) * to


def round4(count: int) -> int:
    """Return the next multiple of four."""
    return rounded(count, 4)


def words(work: str, count: int) -> str:
    """Return the place so many bytes, a multiple of four, behind the start of the work space."""
    return f"{work} + {count // 4}" if count else work
