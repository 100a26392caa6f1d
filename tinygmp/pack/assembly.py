"""A packed graph under construction: what every handler of an operator reads and adds to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.graph.model import Node, State
from tinygmp.graph.operators.base import Operator
from tinygmp.graph.values import Shape, Value
from tinygmp.pack.cell_scales import CellScales
from tinygmp.pack.meanings import Meaning
from tinygmp.pack.storage import Storage
from tinygmp.sparse.tensor import PackedTensor


@dataclass
class Assembly:
    """Nodes and values so far.

    meanings: of every int8 value by its name in the float graph. cells: scales of recurrent cells, by node. tensors:
    matrices that are packed already, by name. read_as: the packed value that stands for a float one where both differ
    in name or type, as the top bytes of a cell's state. wide: float values that become
    int16. cell_ranges: the largest magnitude of an LSTM's c, by node. finer and sums: see PackSettings.
    """

    graph: FloatGraph
    meanings: Mapping[str, Meaning]
    storage: Storage
    rounding: str
    cells: Mapping[str, CellScales] = field(default_factory=dict)
    tensors: Mapping[str, PackedTensor] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    read_as: dict[str, str] = field(default_factory=dict)
    wide: frozenset[str] = frozenset()
    cell_ranges: Mapping[str, float] = field(default_factory=dict)
    finer: bool = False
    sums: bool = False

    def add_value(self, value: Value) -> Value:
        self.values[value.name] = value
        return value

    def meant(self, name: str, shape: Shape | None = None) -> Value:
        """Return the value that means what was decided for a float value, int8 or int16."""
        meaning = self.meanings[name]
        dtype = "int16" if name in self.wide else "int8"
        return Value(name, shape or self.graph.shapes[name], dtype, meaning.scale, meaning.zero_point)

    def read(self, name: str) -> Value:
        """Return the packed value that a reader of a float value reads."""
        return self.values[self.read_as.get(name, name)]

    def add(self, node: FloatNode, operator: Operator, *written: Value) -> None:
        """Add a node that reads what the float node reads; it writes these values, or int8 ones of the same names."""
        made = written or tuple(self.meant(name) for name in node.writes)
        for value in made:
            self.add_value(value)
        reads = tuple(self.read(name).name for name in node.reads)
        self.add_node(node.name, operator, reads, tuple(value.name for value in made))

    def add_node(
        self, name: str, operator: Operator, reads: tuple[str, ...], writes: tuple[str, ...]
    ) -> None:
        self.nodes.append(Node(name, operator, reads, writes))
