"""C99 of a stream of sensor samples: a step after each, an answer whenever it is asked for."""

import numpy as np

from converters.to_c.arrays import constant_arrays, symbol_of
from converters.to_c.cells.stream import cells_context, table_of
from converters.to_c.gravity import gravity_files, takes_gravity_filter
from converters.to_c.header import header_context
from converters.to_c.one_run import one_run
from converters.to_c.readers import Reader, definitions, is_whole, reader
from converters.to_c.rendering import render
from converters.to_c.runtime_text import joined_kernels, kernel_order
from converters.to_c.units import inner_rows, units_apart, units_in_order
from tinygmp.artifact import Artifact
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.fastgrnn import FastGrnn, LinearMap, LowRank, factors
from tinygmp.graph.operators.gated_cell import Gru, Lstm
from tinygmp.graph.window_chain import WindowChain, chain_of
from tinygmp.quant.gate_table import half_tanh_table

CLASS_LIMIT = 32
NAMES: dict[type, str] = {FastGrnn: "FastGRNN", Gru: "GRU", Lstm: "LSTM"}


def convert_stream(packed: PackedModel) -> Artifact:
    """Return <name>.h, <name>.c, <name>_sliding.h and example_main.c; the same model always gives the same text.

    A model of body_acc, body_gyro and total_acc also gets <name>_gravity.h and .c, which feed it from six axes.

    Raises UnsupportedError for a format or size without a kernel.
    """
    model = chain_of(packed)
    if len(model.labels) > CLASS_LIMIT:
        raise UnsupportedError(
            f"model '{model.name}' has {len(model.labels)} classes, the C engine holds {CLASS_LIMIT}"
        )
    if not all(np.array_equal(table_of(node), half_tanh_table()) for node in model.cells):
        raise UnsupportedError(
            f"model '{model.name}': the C engine has no other gate table than the tanh; pack it again"
        )
    context = (cells_context(model) if model.wide else template_context(model)) | header_context(packed)
    context["title"] = title_of(model)
    files = {
        f"{model.name}.h": render("model.h.j2", context),
        f"{model.name}.c": render("cells.c.j2" if model.wide else "model.c.j2", context),
        f"{model.name}_sliding.h": render("sliding.h.j2", context),
        "example_main.c": render("example_main.c.j2", context),
    }
    if takes_gravity_filter(model.input):
        files |= gravity_files(model)
    return Artifact(
        "c", model.name, files, f"{model.name}.c", {"parity": "equal to the reference bit for bit"}
    )


def title_of(model: WindowChain) -> str:
    """Return what the network is in words."""
    sizes = [model.model.values[node.writes[0]].size for node in model.cells]
    cells = [
        f"{NAMES[type(node.operator)]} of {size} units" for node, size in zip(model.cells, sizes, strict=True)
    ]
    return f"{', '.join(cells)}, {model.input.channels} channels"


def template_context(model: WindowChain) -> dict[str, object]:
    """Return everything that the templates name."""
    maps = {"w": model.cell.w, "u": model.cell.u}
    share = not all(is_whole(tensor) for tensor in model.tensors())
    readers = {letter: map_readers(model, linear, share) for letter, linear in maps.items()}
    classifier = reader(
        model.classifier.weights,
        symbol_of(model, model.classifier.weights.name),
        every_step=False,
        share=share,
    )
    in_order, apart = units_in_order(model), units_apart(model)
    inner = {letter: rows for letter in maps if in_order and (rows := inner_rows(model, letter))}
    everything = (*readers["w"], *readers["u"], classifier)
    kernels = (
        "tg_sensor.c",
        "tg_fastgrnn.c",
        "tg_fastgrnn_armv6m.c",
        *(("tg_units_avr.c",) if in_order else ()),
        *(("tg_units_arm.c", "tg_units_riscv.c") if apart else ()),
        *sorted({kernel for each in everything for kernel in each.kernels}),
    )
    run = one_run(model)
    before = kernel_order(("tg_one_run_avr.c",)) if run else ()
    return {
        "model": model,
        "readers": readers,
        "requantizers": {
            letter: linear.requantizer for letter, linear in maps.items() if isinstance(linear, LowRank)
        },
        "ranks": {letter: linear.rank for letter, linear in maps.items() if isinstance(linear, LowRank)},
        "limits": {"pre": model.cell.largest_accumulator}
        | {letter: model.cell.largest_sum(factors(linear)[0]) for letter, linear in maps.items()},
        "plain_scaling": scales_plainly(model),
        "classifier": classifier,
        "answered": "state->top",
        "hidden": [],
        "kernels": joined_kernels(kernels, before=before) + definitions(everything),
        "run": run,
        "run_kernels": joined_kernels(before),
        "arrays": constant_arrays(model),
        "in_order": in_order,
        "apart": apart,
        "inner": inner,
        "whole": " || ".join(
            name for name, units in (("TG_UNITS_IN_ORDER", in_order), ("TG_UNITS_APART", apart)) if units
        ),
        "replaced": {
            "outer": next((units.replaced for units in (in_order, apart) if units), frozenset[str]()),
            "inner": frozenset[str]().union(*(rows.replaced for rows in inner.values())),
        },
        "bias_type": "I32" if model.classifier.bias.dtype.itemsize == 4 else "I16",
    }


def scales_plainly(model: WindowChain) -> bool:
    """Return whether no pre-activation needs saturation, neither before its multiplier nor for its biases' sake."""
    cell = model.cell
    narrow = cell.largest_accumulator >> cell.pre_requantizer.pre_shift
    return narrow < 32767 and max(cell.bias_gate_shift, cell.bias_update_shift) <= 6


def map_readers(model: WindowChain, linear: LinearMap, share: bool) -> tuple[Reader, ...]:
    return tuple(reader(tensor, symbol_of(model, tensor.name), share=share) for tensor in factors(linear))
