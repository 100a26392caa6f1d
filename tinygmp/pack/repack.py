"""A packed model in other storage formats: the same integers, fewer bytes or fewer cycles."""

from collections.abc import Sequence
from dataclasses import dataclass

from tinygmp.errors import ConfigError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reencode import with_tensors
from tinygmp.sparse.choice import fastest
from tinygmp.sparse.choice_together import choose_together
from tinygmp.sparse.decode_cost import DecodeCost, decoders


@dataclass(frozen=True)
class Wish:
    """What a model's storage should be.

    index_formats, value_formats: those to choose from; None for the index formats that every target reads.
    fastest: fewest cycles instead of fewest bytes. most_cycles: fewest bytes within that many cycles a pass over all
    weights. cost: the decode cost measured on the core; without one, bytes alone decide.
    """

    index_formats: Sequence[str] | None = None
    value_formats: Sequence[str] = ("int8",)
    fastest: bool = False
    most_cycles: float | None = None
    cost: DecodeCost | None = None

    def __post_init__(self) -> None:
        if self.cost is None and (self.fastest or self.most_cycles is not None):
            raise ConfigError(
                "cycles are asked for, but no core is named; name one whose decode cost was measured"
            )


@dataclass(frozen=True)
class Repacked:
    """The model and what its weights take: payload of the streams, decoder code and cycles of one pass by the cost."""

    model: PackedModel
    stream_bytes: int
    code_bytes: int
    cycles: float


def repack(model: PackedModel, wish: Wish) -> Repacked:
    """Return the model with every weight tensor in the formats wished for; its answers stay the same.

    A tensor whose values were rounded to a narrower format may keep that one too. Raises FormatError when no format
    holds a tensor or none is quick enough.
    """
    cost = wish.cost or DecodeCost()
    kept = tuple(tensor.value_format for tensor in model.tensors())
    formats = tuple(dict.fromkeys((*wish.value_formats, *kept)))
    weights = {tensor.name: (tensor.decode(), tensor.scale) for tensor in model.tensors()}
    if wish.fastest:
        tensors = {
            name: fastest(name, q, scale, cost, wish.index_formats, formats)
            for name, (q, scale) in weights.items()
        }
    else:
        tensors = choose_together(weights, cost, wish.index_formats, formats, wish.most_cycles)
    chosen = tensors.values()
    return Repacked(
        model=with_tensors(model, tensors),
        stream_bytes=sum(tensor.payload_bytes for tensor in chosen),
        code_bytes=cost.code(frozenset(piece for tensor in chosen for piece in decoders(tensor))),
        cycles=sum(cost.cycles(tensor) for tensor in chosen),
    )
