"""What a layer takes on a core in each storage format: what packing for speed weighs against bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tinygmp.cost.model import CostModel, cost_model
from tinygmp.cost.work import Work, work_of
from tinygmp.graph.model import PackedModel
from tinygmp.sparse.decode_cost import DecodeCost
from tinygmp.sparse.tensor import PackedTensor

READ_BY_MAPS = ("dense", "bitmask", "rice", "csr8", "csr16")  # index formats of layers without a state


@dataclass(frozen=True)
class LayerTimes:
    """Decoder code as measured, and instructions of whole layers of one inference by the name of their weights.

    Predicted without a memory plan, which comes after packing: as if the work space were as large as a kernel likes it.
    """

    decoders: DecodeCost
    model: CostModel
    works: Mapping[str, Work]

    def code(self, pieces: frozenset[str]) -> int:
        """Return the bytes of code of a set of decoder pieces, each counted once."""
        return self.decoders.code(pieces)

    def cycles(self, tensor: PackedTensor) -> float:
        """Return the instructions of the layer that these weights are of, stored so."""
        work = replace(self.works[tensor.name], storage=tensor.index_format, nonzero=tensor.nnz)
        return self.model.predict(work).instructions


def layer_times(model: PackedModel, core: str, decoders: DecodeCost) -> LayerTimes:
    """Return the times of a model without a state; raises ConfigError for a core without a cost model."""
    works = {tensor.name: work_of(model, node) for node in model.nodes for tensor in node.operator.tensors()}
    return LayerTimes(decoders, cost_model(core), works)
