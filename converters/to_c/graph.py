"""C99 of a graph without states: one call from inputs to outputs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from converters.to_c.arrays import C_TYPES, ConstantArray
from converters.to_c.graph_example import MOST_NAMED_CLASSES, console_example
from converters.to_c.graph_steps import Planned, planned
from converters.to_c.header import header_context
from converters.to_c.kernel import round4
from converters.to_c.operators.linear import has_dilation, has_full_range, has_large_factors, has_quick_scale
from converters.to_c.plan import MemoryPlan, Step
from converters.to_c.ports import Port, ports
from converters.to_c.rendering import render
from converters.to_c.runtime_text import joined_kernels
from tinygmp.artifact import Artifact
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.sensor_input import SensorInput

CALLED = re.compile(r"\b(tg_\w+)\(")
ROUNDING_KERNELS = {
    "fp32": {
        "tg_channel_scale.c": "tg_channel_scale_fp32.c",
        "tg_logit_scale.c": "tg_logit_scale_fp32.c",
        "tg_mean_scale.c": "tg_mean_scale_fp32.c",
    },
    "gemmlowp": {},
}


LARGEST_OBJECT_16 = 32_767  # bytes in one piece where addresses have 16 bits (avr-gcc)
LARGEST_FLASH_16 = 60_000  # bytes of constants that an address of 16 bits reaches behind the vectors
MARK = "tg_mark"  # a function that does nothing, called where a layer begins: what a simulator can tell layers by


@dataclass(frozen=True)
class Layer:
    """What has code: one node, or several that run together; the functions that its statements call; its work space.

    planes: whether the map read and the map written have their channels apart.
    """

    nodes: tuple[str, ...]
    functions: tuple[str, ...]
    work_bytes: int = 0
    planes: tuple[bool, bool] = (False, False)


def convert_graph(model: PackedModel) -> Artifact:
    """Return <name>.h, <name>.c and example_main.c; the same model always gives the same text.

    Raises UnsupportedError for an operator, format or size without a kernel.
    """
    return generated(model, marked=False)[0]


def convert_marked(model: PackedModel) -> tuple[Artifact, tuple[Layer, ...]]:
    """Return the same code with a call of MARK before each layer and after the last, and the layers in their order."""
    return generated(model, marked=True)


def generated(model: PackedModel, marked: bool) -> tuple[Artifact, tuple[Layer, ...]]:
    if model.recurrent:
        raise UnsupportedError(
            f"model '{model.name}' keeps a state; only the chain of a FastGRNN cell has C for that"
        )
    return written(model, planned(model), ROUNDING_KERNELS, marked)


def written(
    model: PackedModel,
    found: Planned,
    roundings: Mapping[str, Mapping[str, str]],
    marked: bool = False,
) -> tuple[Artifact, tuple[Layer, ...]]:
    """Return the files of these steps, and the layers in their order.

    roundings: kernels instead of others, by the model's rounding; marked: as `convert_marked`.
    """
    steps, plan, inside = found.steps, found.plan, found.inside
    inputs, outputs = ports(model, model.inputs), ports(model, model.outputs)
    texts = calls(model, steps, plan, inputs, outputs)
    # A reshape in its place needs neither a statement nor a kernel.
    used = [kernel for kernel, text in zip(plan.kernels, texts, strict=True) if text]
    sources = [source for kernel in used for source in kernel.sources]
    statements = [text for text in texts if text]
    layers = tuple(
        Layer(
            step.nodes or (step.name,),
            tuple(dict.fromkeys(CALLED.findall(text))),
            kernel.work_bytes,
            (step.reads[0] in found.runs, step.writes[0] in found.runs),
        )
        for step, kernel, text in zip(steps, plan.kernels, texts, strict=True)
        if text
    )
    arrays = [array for kernel in plan.kernels for array in kernel.arrays]
    context = header_context(model) | {
        "model": model,
        "inputs": inputs,
        "outputs": outputs,
        "sensors": {port.value: sensors(model, port) for port in inputs},
        "shapes": " and ".join(" x ".join(map(str, model.values[name].shape)) for name in model.inputs),
        "scratch_bytes": max(4, plan.scratch_bytes),
        "pixels_offset": plan.values[inside] if inside else None,
        "kernels": joined_kernels(tuple(dict.fromkeys(sources)), roundings[model.rounding or "fp32"]),
        "large_factors": has_large_factors(model),
        "dilated": has_dilation(model),
        "quick_scale": has_quick_scale(model),
        "full_range": has_full_range(model),
        "arrays": arrays,
        "beyond_16_bits": beyond_16_bits(plan.scratch_bytes, arrays),
        "definitions": [kernel.definitions for kernel in plan.kernels if kernel.definitions],
        "statements": statements,
        "mark": MARK if marked else "",
        "unread": [port.name for port in inputs if not any(port.value in step.reads for step in steps)],
        "uses_rows": any("&rows" in text for text in statements),
        "uses_at": any("at = 0" in text for text in statements),
        "uses_map": names_any(statements, "map"),
        "uses_words": names_any(statements, "words", "map"),
        "named_classes": len(model.labels) <= MOST_NAMED_CLASSES,
    }
    files = {
        f"{model.name}.h": render("graph.h.j2", context),
        f"{model.name}.c": render("graph.c.j2", context),
        "example_main.c": console_example(model, bool(inside)),
    }
    notes = {
        "parity": "equal to the reference bit for bit",
        "scratch_bytes": f"{plan.scratch_bytes}, "
        + ("the input included" if inside else "besides inputs and outputs")
        + f"; {plan.least_bytes} are alive at once",
    }
    return Artifact("c", model.name, files, f"{model.name}.c", notes, interface="graph"), layers


def beyond_16_bits(scratch_bytes: int, arrays: Sequence[ConstantArray]) -> str:
    """Return what of a network is too large for a core with 16-bit addresses, or nothing."""
    sizes = [array.values.nbytes for array in arrays]
    if scratch_bytes > LARGEST_OBJECT_16:
        return f"{scratch_bytes:,} B of memory in one piece"
    if max(sizes, default=0) > LARGEST_OBJECT_16 or sum(sizes) > LARGEST_FLASH_16:
        return f"{sum(sizes):,} B of constants"
    return ""


def sensors(model: PackedModel, port: Port) -> list[SensorInput]:
    """Return what tells the channels of an input: the sensor layers that read it, one where there is any."""
    found = [node.operator for node in model.nodes if port.value in node.reads]
    return [operator for operator in found if isinstance(operator, SensorInput)][:1]


def names_any(statements: Sequence[str], *variables: str) -> bool:
    """Return whether a statement names one of these C variables."""
    word = re.compile(rf"\b({'|'.join(variables)})\b")
    return any(word.search(text) for text in statements)


def calls(
    model: PackedModel,
    steps: Sequence[Step],
    plan: MemoryPlan,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
) -> list[str]:
    """Return the statements of every step, empty where nothing is to be done."""
    places = {port.value: port.name for port in (*inputs, *outputs)}

    def place_of(name: str) -> str:
        if name in places:
            return places[name]
        offset = plan.values[name]
        at = "map" if offset == 0 else f"map + {offset}"
        # What only a form of its own has, such as a map in another layout, is int8.
        kind = C_TYPES[model.values[name].dtype] if name in model.values else "int8_t"
        return at if kind == "int8_t" else f"({kind} *)({at})"

    texts = []
    for step, kernel, work in zip(steps, plan.kernels, plan.work, strict=True):
        space = f"words + {round4(work) // 4}" if work else "words"
        texts.append(kernel.call([*map(place_of, step.reads)], [*map(place_of, step.writes)], space))
    return texts
