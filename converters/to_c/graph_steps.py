"""The steps of a graph: which nodes run together, how the maps between them lie, and where in memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from converters.to_c.kernel import INTERLEAVED, Kernel, Runs
from converters.to_c.layout import fusable, planes, readers_of, value_bytes
from converters.to_c.operators.conv2d import pixel_conv2d
from converters.to_c.operators.registry import kernels_of
from converters.to_c.operators.separable import separable
from converters.to_c.plan import MemoryPlan, Step, plan_memory
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.conv2d import Conv2d
from tinygmp.graph.operators.pixel_input import PixelInput

MOST_FUSED = 2  # pairs, those of the largest maps: each keeps a map from the block
SPARE = 16  # a faster layout may take this part of the block more
APART: Mapping[str, str] = {}  # no node runs together with another
Made = dict[tuple[object, ...], tuple[Kernel, ...]]  # by what makes them, nodes and runs


@dataclass(frozen=True)
class Planned:
    """Steps and their memory; sizes: bytes of planned values; inside: the input that may lie in the scratch memory;
    runs: of the maps whose channels lie apart.
    """

    steps: Sequence[Step]
    plan: MemoryPlan
    sizes: Mapping[str, int]
    inside: str | None = None
    runs: Runs = field(default_factory=dict)


def planned(model: PackedModel) -> Planned:
    """Return the fastest of the steps whose block is the smallest, or not much larger.

    Channels in planes are faster than together, and two nodes run apart are faster than row by row together.
    """
    made: Made = {}
    found = [planned_as(model, runs, fused, made) for runs, fused in choices(model)]
    smallest = min(each.plan.scratch_bytes for each in found)
    return next(each for each in found if each.plan.scratch_bytes <= smallest + smallest // SPARE)


def choices(model: PackedModel) -> Iterator[tuple[Runs, Mapping[str, str]]]:
    """Yield runs of maps and pairs of nodes to run together, the faster first."""
    pairs = fusable(model)
    seen: list[tuple[Runs, Mapping[str, str]]] = []
    for count in range(min(len(pairs), MOST_FUSED) + 1):
        fused = {first.name: second.name for first, second in pairs[:count]}
        for by_rows in (True, False):
            choice = planes(model, by_rows, fused), fused
            if choice[0] and choice not in seen:
                seen.append(choice)
                yield choice
    yield INTERLEAVED, APART


def planned_as(model: PackedModel, runs: Runs, fused: Mapping[str, str], made: Made | None = None) -> Planned:
    """Return the steps with these runs and pairs, and their memory; made: as `steps_of`."""
    steps = steps_of(model, runs, fused, made)
    inside = pixels_inside(model, steps)
    sizes = planned_sizes(model, steps, runs) | ({inside: model.values[inside].bytes} if inside else {})
    return Planned(steps, plan_memory(steps, sizes), sizes, inside, runs)


def steps_of(
    model: PackedModel, runs: Runs = INTERLEAVED, fused: Mapping[str, str] = APART, made: Made | None = None
) -> list[Step]:
    """Return the nodes to run; a convolution that alone reads what becomes of pixels takes the pixels themselves.

    made: kernels of other layouts of the same model, which are taken where nothing differs for a node, and added to.
    """
    pixels: dict[str, Node] = {}
    steps = []
    made = {} if made is None else made

    def once(make: Callable[..., Sequence[Kernel]], *nodes: Node) -> tuple[Kernel, ...]:
        names = [name for node in nodes for name in (*node.reads, *node.writes)]
        key = (make, *(node.name for node in nodes), *(runs.get(name, 1) for name in names))
        if key not in made:
            made[key] = tuple(make(model, *nodes, runs))
        return made[key]

    for node in model.nodes:
        if isinstance(node.operator, PixelInput) and taken_by_patches(model, node):
            pixels[node.writes[0]] = node
        elif node.reads[0] in pixels:
            steps.append(Step(node.name, once(pixel_conv2d, node), pixels[node.reads[0]].reads, node.writes))
        elif node.name in fused:
            second = model.node(fused[node.name])
            kernels = once(separable, node, second)
            steps.append(Step(node.name, kernels, node.reads, second.writes, (node.name, second.name)))
        elif node.name not in fused.values():
            steps.append(Step(node.name, once(kernels_of, node), node.reads, node.writes))
    return steps


def taken_by_patches(model: PackedModel, node: Node) -> bool:
    written = node.writes[0]
    readers = readers_of(model, written)
    if len(readers) != 1 or written in model.outputs:
        return False
    operator = readers[0].operator
    return isinstance(operator, Conv2d) and not operator.window.is_pointwise


def pixels_inside(model: PackedModel, steps: Sequence[Step]) -> str | None:
    """Return the one input that may lie in the scratch memory, which what the first step writes may overlap."""
    if len(model.inputs) > 1:
        return None
    readers = [step for step in steps if model.inputs[0] in step.reads]
    fits = len(readers) == 1 and readers[0] is steps[0]
    return (
        model.inputs[0]
        if fits and model.input.dtype == "uint8" and steps[0].writes[0] not in model.outputs
        else None
    )


def planned_sizes(model: PackedModel, steps: Sequence[Step], runs: Runs = INTERLEAVED) -> dict[str, int]:
    """Return the bytes of every value between inputs and outputs."""
    written = [name for step in steps for name in step.writes]
    return {name: value_bytes(model.values[name], runs) for name in written if name not in model.outputs}
