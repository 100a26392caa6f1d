"""GRU and LSTM cells."""

import numpy as np

from converters.to_c.arrays import ConstantArray, symbol_of
from converters.to_c.cells.code import CellCode, Field, block, copied, declared, requantizer
from converters.to_c.readers import reader
from tinygmp.graph.model import Node
from tinygmp.graph.operators.gated_cell import GatedCell, Lstm, largest_sum
from tinygmp.graph.window_chain import WindowChain


def gated_cell_code(model: WindowChain, node: Node, place: int, entering: str, share: bool) -> CellCode:
    """Return the C of a cell that reads the int16 vector `entering`: one pass over units, the rows of each together."""
    cell = node.operator
    assert isinstance(cell, GatedCell)
    symbol, table = symbol_of(model, node.name), f"{model.name}_gate_table"
    w, u = (
        reader(tensor, symbol_of(model, tensor.name), share=share, wide=True) for tensor in cell.tensors()
    )
    hidden, before = f"state->hidden{place}", f"state->before{place}"
    fields = [Field(f"hidden{place}", cell.hidden_size, kept=True), Field(f"before{place}", cell.hidden_size)]
    bias = f"&{symbol}_bias[4 * unit]"
    if isinstance(cell, Lstm):
        fields.append(Field(f"cell{place}", cell.hidden_size, kept=True))
        update = (
            f"tg_lstm_unit({table}, from_x, from_h, {bias}, &state->cell{place}[unit], {cell.cell_bits}u)"
        )
    else:
        update = f"tg_gru_unit({table}, from_x, from_h, {bias}, {before}[unit])"
    lines = [
        *declared([w, u]),
        f"int16_t from_x[{cell.gates}];",
        f"int16_t from_h[{cell.gates}];",
        "uint16_t unit;",
        "uint8_t gate;",
        "",
        *copied(before, hidden, cell.hidden_size),
        f"{w.init};",
        f"{u.init};",
        f"for (unit = 0; unit < {cell.hidden_size}u; unit++) {{",
        f"    for (gate = 0; gate < {cell.gates}; gate++) {{",
        f"        from_x[gate] = tg_requantize_16({w.dot(entering)}, &{symbol}_w_scale);",
        f"        from_h[gate] = tg_requantize_16({u.dot(before)}, &{symbol}_u_scale);",
        "    }",
        f"    {hidden}[unit] = {update};",
        "}",
    ]
    scales = "".join(
        f"static const tg_requantizer {symbol}_{letter}_scale = {requantizer(by, largest_sum(tensor))};\n"
        for letter, by, tensor in (("w", cell.w_requantizer, cell.w), ("u", cell.u_requantizer, cell.u))
    )
    return CellCode(
        readers=(w, u),
        kernels=("tg_lstm.c" if isinstance(cell, Lstm) else "tg_gru.c",),
        arrays=(ConstantArray(f"{symbol}_bias", np.ravel(cell.bias), f"{node.name}: Q11, four a unit"),),
        definitions=scales,
        fields=tuple(fields),
        step=block(lines),
        output=hidden,
    )
