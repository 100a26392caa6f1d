"""What each layer of a packed model is expected to take on a core, before anything is built."""

from collections.abc import Mapping
from dataclasses import dataclass

from converters.to_c.graph import convert_marked
from tinygmp.cost.model import cost_model
from tinygmp.cost.work import works_of
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel


@dataclass(frozen=True)
class PredictedLayer:
    """One layer. share: of the whole; bound_by: the cause that takes most of it; by_cause: instructions by cause."""

    name: str
    kind: str
    kernels: tuple[str, ...]
    storage: str
    shape: tuple[int, ...]
    multiply_adds: int
    multiply_adds_kept: int
    nonzero: int
    instructions: int
    share: float
    bound_by: str
    by_cause: Mapping[str, int]


@dataclass(frozen=True)
class LayerCosts:
    """The layers in their order. level, compiler: those that the core was counted with; errors: of other networks."""

    model: str
    core: str
    level: str
    compiler: str
    held_out_error: float
    mean_error: float
    layers: tuple[PredictedLayer, ...]
    instructions: int


def layer_costs(model: PackedModel, core: str) -> LayerCosts:
    """Return what each layer is predicted to take, in the kernels and the work space that its C would have.

    Raises UnsupportedError for a model with a state or without C, ConfigError for a core without a cost model.
    """
    if model.recurrent:
        raise UnsupportedError(
            f"model '{model.name}' keeps a state: its step is one function, not layers; verify --board tells its cost"
        )
    costs = cost_model(core)
    _, layers = convert_marked(model)
    works = works_of(model, layers)
    found = [costs.predict(*each) for each in works]
    whole = sum(each.instructions for each in found)
    rows = tuple(
        PredictedLayer(
            name=" + ".join(layer.nodes),
            kind=" + ".join(each.kind for each in work),
            kernels=layer.functions,
            storage=" + ".join(each.storage for each in work if each.size),
            shape=model.written_by(model.node(layer.nodes[-1]))[0].shape,
            multiply_adds=sum(each.multiply_adds for each in work),
            multiply_adds_kept=sum(each.multiply_adds_kept for each in work),
            nonzero=sum(each.nonzero for each in work),
            instructions=round(each.instructions),
            share=each.instructions / whole if whole else 0.0,
            bound_by=each.bound_by,
            by_cause={cause: round(count) for cause, count in each.by_cause.items()},
        )
        for layer, work, each in zip(layers, works, found, strict=True)
    )
    return LayerCosts(
        model.name,
        core,
        costs.level,
        costs.compiler,
        costs.held_out_error,
        costs.mean_error,
        rows,
        round(whole),
    )
