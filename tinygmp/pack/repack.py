"""A packed model in other storage formats: the same integers, fewer bytes or fewer cycles."""

from collections.abc import Sequence
from dataclasses import dataclass

from tinygmp.cost.layer_times import READ_BY_MAPS, layer_times
from tinygmp.errors import ConfigError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reencode import with_tensors
from tinygmp.sparse.choice import fastest
from tinygmp.sparse.choice_together import choose_together
from tinygmp.sparse.decode_cost import DecodeCost, ReadingCost, decoders, measured_cost


@dataclass(frozen=True)
class Wish:
    """What a model's storage should be.

    index_formats, value_formats: those to choose from; None for the index formats that every target reads, of a graph
    without a state those that its kernels read. fastest: least time instead of fewest bytes. most_cycles: fewest bytes
    within that much time. cost: time and decoder code on a core, see `reading_cost`; without one, bytes alone decide.
    """

    index_formats: Sequence[str] | None = None
    value_formats: Sequence[str] = ("int8",)
    fastest: bool = False
    most_cycles: float | None = None
    cost: ReadingCost | None = None

    def __post_init__(self) -> None:
        if self.cost is None and (self.fastest or self.most_cycles is not None):
            raise ConfigError(
                "cycles are asked for, but no core is named; name one whose decode cost was measured"
            )


@dataclass(frozen=True)
class Repacked:
    """The model and what its weights take: payload of the streams, decoder code, and time as the wish counts it."""

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
    index_formats = wish.index_formats or (None if model.recurrent else READ_BY_MAPS)
    kept = tuple(tensor.value_format for tensor in model.tensors())
    formats = tuple(dict.fromkeys((*wish.value_formats, *kept)))
    weights = {tensor.name: (tensor.decode(), tensor.scale) for tensor in model.tensors()}
    if wish.fastest:
        tensors = {
            name: fastest(name, q, scale, cost, index_formats, formats)
            for name, (q, scale) in weights.items()
        }
    else:
        tensors = choose_together(weights, cost, index_formats, formats, wish.most_cycles)
    chosen = tensors.values()
    return Repacked(
        model=with_tensors(model, tensors),
        stream_bytes=sum(tensor.payload_bytes for tensor in chosen),
        code_bytes=cost.code(frozenset(piece for tensor in chosen for piece in decoders(tensor))),
        cycles=sum(cost.cycles(tensor) for tensor in chosen),
    )


def reading_cost(model: PackedModel, core: str) -> ReadingCost:
    """Return decoder code and time on a core, of a network with a state that of decoding all weights once, as measured;
    of a graph that of its layers in one inference, by the cost model. Raises ConfigError for a core without either.
    """
    measured = measured_cost(core)
    return measured if model.recurrent else layer_times(model, core, measured)
