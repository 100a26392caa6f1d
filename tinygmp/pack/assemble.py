"""A float graph and the meanings of its values to a packed model, node by node."""

from collections.abc import Mapping

from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.model import PackedModel
from tinygmp.pack.assembly import Assembly
from tinygmp.pack.cell_scales import CellScales
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.meanings import Meaning
from tinygmp.pack.operators.registry import pack_node
from tinygmp.pack.settings import PackSettings
from tinygmp.sparse.tensor import PackedTensor


def assemble(
    graph: FloatGraph,
    meanings: Mapping[str, Meaning],
    identity: PackIdentity,
    settings: PackSettings,
    cells: Mapping[str, CellScales] | None = None,
    tensors: Mapping[str, PackedTensor] | None = None,
    steps: int = 1,
    wide: frozenset[str] = frozenset(),
    cell_ranges: Mapping[str, float] | None = None,
) -> PackedModel:
    """Return the packed model of a graph as it stands; all else: of recurrent ones, see Assembly."""
    cells = cells or {}
    wide |= {graph.node(name).reads[0] for name, scales in cells.items() if scales.wide}
    assembly = Assembly(
        graph, meanings, settings.storage, settings.rounding, cells, tensors or {}, wide=wide,
        cell_ranges=cell_ranges or {}, finer=settings.finer, sums=settings.sums,
    )  # fmt: skip
    for name in graph.inputs:
        if name in meanings:  # plain reals; the nodes that read pixels and counts add those values
            assembly.add_value(assembly.meant(name))
    for node in graph.nodes:
        pack_node(assembly, node)
    return PackedModel(
        name=identity.name,
        values=assembly.values,
        inputs=tuple(graph.inputs),
        nodes=tuple(assembly.nodes),
        outputs=tuple(assembly.read(name).name for name in graph.outputs),
        labels=identity.labels,
        states=tuple(assembly.states),
        steps=steps,
        provenance=identity.provenance,
    )
