"""GRU and LSTM in integers against a transcription of their equations in Python's own."""

import numpy as np
import pytest

from tests.floats.cells import packed_cells, windows
from tests.graph.reference.test_fastgrnn import interpolate, requantize, saturate16
from tinygmp.errors import ConfigError, RangeError
from tinygmp.graph.file import from_bytes, to_bytes
from tinygmp.graph.operators.gated_cell import Gru, Lstm
from tinygmp.graph.reference.run import run, run_steps


def curve(cell, value: int) -> int:
    t = interpolate(cell.table, abs(value))
    return -t if value < 0 else t


def scalar_cell(cell, x: list[int], h: list[int], c: list[int]) -> tuple[list[int], list[int]]:
    w, u, following, cells = cell.w.decode(), cell.u.decode(), [], []
    for unit in range(len(h)):
        rows = range(cell.gates * unit, cell.gates * (unit + 1))
        a = [
            requantize(cell.w_requantizer, sum(int(q) * v for q, v in zip(w[row], x, strict=True)))
            for row in rows
        ]
        b = [
            requantize(cell.u_requantizer, sum(int(q) * v for q, v in zip(u[row], h, strict=True)))
            for row in rows
        ]
        bias = [int(each) for each in cell.bias[unit]]
        if isinstance(cell, Gru):
            r, z = (256 + curve(cell, saturate16(a[gate] + b[gate] + bias[gate])) for gate in (0, 1))
            inner = (r * saturate16(b[2] + bias[3]) + 256) >> 9
            n = curve(cell, 2 * saturate16(a[2] + bias[2] + inner))
            following.append((z * h[unit] + 128 * (512 - z) * n + 256) >> 9)
            continue
        pre = [saturate16(one + other + each) for one, other, each in zip(a, b, bias, strict=True)]
        i, f, o = (256 + curve(cell, pre[gate]) for gate in (0, 1, 3))
        g = curve(cell, 2 * pre[2])
        cells.append(saturate16((f * c[unit] + (i * g << (cell.cell_bits - 8)) + 256) >> 9))
        shift = cell.cell_bits - 11
        shown = (cells[-1] + (1 << shift >> 1)) >> shift if shift > 0 else saturate16(cells[-1] << -shift)
        following.append((o * curve(cell, 2 * shown) + 2) >> 2)
    return following, cells


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["gru", "lstm", "deep"])
def test_reference_equals_the_scalar_transcription(name, seed):
    model = packed_cells(name, seed)
    counts = windows(1, steps=10, seed=seed)
    sensor, *cells, _ = model.nodes
    states = {state.read: [0] * model.values[state.read].size for state in model.states}
    for values in run_steps(model, counts):
        x = values[sensor.writes[0]][0].tolist()
        for node in cells:
            mine = [states[name] for name in node.reads[1:]]
            made = scalar_cell(node.operator, x, mine[0], mine[-1])
            x = made[0]
            for read, written, expected in zip(node.reads[1:], node.writes, made, strict=False):
                assert values[written][0].tolist() == expected
                states[read] = expected


def test_a_hidden_layer_is_a_requantised_product_within_its_clamp():
    model = packed_cells("answered")
    *_, values = run_steps(model, windows(3))
    made = values[model.nodes[2].reads[0]]
    for node in model.nodes[2:4]:
        layer, scale = node.operator, model.values[node.writes[0]].scale
        low, high = (0, 32767) if node.name == "dense0" else (0, round(1.5 / scale))
        sums = made.astype(int) @ layer.weights.decode().astype(int).T + layer.bias
        made = np.array(
            [[min(max(requantize(layer.requantizer, int(each)), low), high) for each in row] for row in sums]
        )
    logits = made @ model.nodes[4].operator.weights.decode().astype(int).T + model.nodes[4].operator.bias
    assert np.array_equal(run(model, windows(3)).logits, logits)


def test_an_lstm_of_few_fraction_bits_shows_its_cell_to_the_left():
    model = packed_cells("lstm")
    coarse = with_bits(model, 8)
    cell = coarse.node("cell0").operator
    counts = windows(2, steps=6)
    *_, last = run_steps(coarse, counts)
    h, c = [0] * 9, [0] * 9
    for values in run_steps(coarse, counts):
        x = values["x"][1].tolist()
        h, c = scalar_cell(cell, x, h, c)
    assert last["next_h0"][1].tolist() == h


def with_bits(model, bits: int):
    from dataclasses import replace

    nodes = tuple(
        replace(node, operator=replace(node.operator, cell_bits=bits))
        if isinstance(node.operator, Lstm)
        else node
        for node in model.nodes
    )
    values = {
        name: replace(value, scale=2.0**-bits) if "c0" in name else value
        for name, value in model.values.items()
    }
    return replace(model, nodes=nodes, values=values)


@pytest.mark.parametrize("name", ["gru", "lstm", "deep", "answered"])
def test_files_keep_cells(name):
    model = packed_cells(name)
    again = from_bytes(to_bytes(model), "memory")
    counts = windows(5)
    assert np.array_equal(run(again, counts).logits, run(model, counts).logits)
    assert to_bytes(again) == to_bytes(model)


def test_what_does_not_fit_is_refused():
    model = packed_cells("lstm")
    with pytest.raises(RangeError, match=r"layer 'cell0': cell_bits 16 is outside 8\.\.15"):
        with_bits(model, 16)
    from tests.graph_edits import with_fields

    cell = model.node("cell0").operator
    with pytest.raises(ConfigError, match=r"layer 'cell0': bias is int16 \(8, 4\), expected int16 \(9, 4\)"):
        with_fields(model, "cell0", bias=cell.bias[1:])
    with pytest.raises(ConfigError, match=r"layer 'cell0': U has shape \(36, 3\)|W has shape"):
        with_fields(model, "cell0", w=cell.u, u=cell.w)
