"""What a step of a chain of cells carries to the next one, as every runtime names it."""

from dataclasses import dataclass

from tinygmp.graph.model import Node
from tinygmp.graph.operators.fastgrnn import STATE_LIMIT
from tinygmp.graph.operators.gated_cell import GatedCell
from tinygmp.graph.window_chain import WindowChain
from tinygmp.quant.requantize import INT16_MAX


@dataclass(frozen=True)
class Carried:
    """One state: '<name>_in' and '<name>_out' of step models; scale: real value of one unit of the reference."""

    name: str
    size: int
    scale: float


def carried_by(node: Node) -> int:
    """Return how many states of a cell are carried; the top byte of one is no state of its own."""
    return node.operator.states if isinstance(node.operator, GatedCell) else 1


def next_fraction(node: Node) -> float:
    """Return by what a float form's output of a cell is multiplied to be a fraction of the next cell's full scale."""
    return (32768 if isinstance(node.operator, GatedCell) else STATE_LIMIT) / INT16_MAX


def carried(model: WindowChain) -> list[Carried]:
    """Return every carried state, cell after cell."""
    return [
        Carried(name, model.model.values[name].size, model.model.values[name].scale)
        for node in model.cells
        for name in node.reads[1 : 1 + carried_by(node)]
    ]
