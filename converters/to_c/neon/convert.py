"""Write a PackedModel as C99 for 64-bit ARM: NEON, and SDOT where the processor has it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from converters.to_c.graph import ROUNDING_KERNELS, written
from converters.to_c.graph_steps import Planned
from converters.to_c.kernel import Kernel
from converters.to_c.neon.cell import convert_cell
from converters.to_c.neon.channel_order import channel_orders
from converters.to_c.neon.handlers import kernels_of
from converters.to_c.neon.layout import in_planes, map_bytes
from converters.to_c.neon.portable import from_planes, to_planes
from converters.to_c.operators.linear import folded_bias
from converters.to_c.plan import Step, plan_memory
from converters.to_c.stream import convert_stream
from tinygmp.artifact import Artifact
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.values import Value
from tinygmp.graph.window_chain import chain_of

TARGET = "arm64"
LARGEST_SCALED = 32000  # of what 16 bits hold: rounding and zero point come on top
NEON_KERNELS = {
    "fp32": ROUNDING_KERNELS["fp32"],
    "gemmlowp": {**ROUNDING_KERNELS["gemmlowp"], "tg_neon_scale.c": "tg_neon_scale_gemmlowp.c"},
}


def convert(model: PackedModel) -> Artifact:
    """Return the C of a model for 64-bit ARM, called as the portable C is; the same model always gives the same text.

    Of recurrent models one FastGRNN of 8 bits has vectors; cells of 16 bits are the portable C. Raises UnsupportedError
    as `to_c` does.
    """
    if model.recurrent:
        made = convert_stream(model) if chain_of(model).wide else convert_cell(model)
        return replace(made, target=TARGET)
    shorter = {} if has_narrow_limits(model) else {"tg_neon_clamp.c": "tg_neon_no_clamp.c"}
    shorter |= {"tg_neon_narrow.c": "tg_neon_narrow_proven.c"} if fits_16_bits(model) else {}
    kernels = {rounding: {**instead, **shorter} for rounding, instead in NEON_KERNELS.items()}
    made, _ = written(model, planned(model), kernels)
    return replace(made, target=TARGET)


def planned(model: PackedModel) -> Planned:
    """Return the steps on planes and their memory."""
    steps, sizes = steps_of(model), planned_sizes(model)
    return Planned(steps, plan_memory(steps, sizes), sizes)


def has_narrow_limits(model: PackedModel) -> bool:
    """Return whether an output of some weights is cut to less than int8 holds."""
    return any(
        node.operator.limits.integers(model.written_by(node)[0]) != model.written_by(node)[0].limits  # type: ignore[attr-defined]
        for node in model.nodes_of(Linear)
    )


def fits_16_bits(model: PackedModel) -> bool:
    """Return whether no sum of any weights, scaled, leaves 16 bits before it is cut to int8."""
    for node in model.nodes_of(Linear):
        (read,), (written,), operator = model.read_by(node), model.written_by(node), node.operator
        assert isinstance(operator, Linear)
        if written.dtype == "int8":
            sums = np.abs(operator.weights.decode()).sum(axis=1, dtype=np.int64) * -read.limits[0]
            largest = (sums + np.abs(folded_bias(operator, read))) * operator.factors(read, written)
            if largest.max() > LARGEST_SCALED:
                return False
    return True


def planes_of(model: PackedModel, name: str) -> str:
    """Return what the planes of a value are called: inputs and outputs lie outside, as the caller has them."""
    outside = name in (*model.inputs, *model.outputs)
    return f"{name} in planes" if outside and in_planes(model.values[name]) else name


def steps_of(model: PackedModel) -> list[Step]:
    """Return the nodes to run on planes, behind what lays inputs out, before what lays outputs out."""
    steps = [
        laid_out(model, name, name, planes_of(model, name), to_planes)
        for name in model.inputs
        if planes_of(model, name) != name
    ]
    orders = channel_orders(model)
    for node in model.nodes:
        reads, writes = (
            tuple(planes_of(model, name) for name in names) for names in (node.reads, node.writes)
        )
        steps.append(Step(node.name, tuple(kernels_of(model, node, orders)), reads, writes))
    steps += [
        laid_out(model, name, planes_of(model, name), name, from_planes)
        for name in model.outputs
        if planes_of(model, name) != name and name not in model.inputs
    ]
    return steps


def laid_out(
    model: PackedModel, name: str, before: str, after: str, statement: Callable[[Value, str, str], str]
) -> Step:
    """Return the step that changes the layout of an input or output."""
    value = model.values[name]

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        return statement(value, reads[0], writes[0])

    return Step(after, (Kernel(("tg_neon_planes.c",), (), call),), (before,), (after,))


def planned_sizes(model: PackedModel) -> dict[str, int]:
    """Return the bytes of every value in the scratch memory."""
    sizes = {}
    for name, value in model.values.items():
        planes = planes_of(model, name)
        if planes not in (*model.inputs, *model.outputs):
            sizes[planes] = map_bytes(value) if in_planes(value) else value.bytes
    return sizes
