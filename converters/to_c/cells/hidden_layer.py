"""A matrix of 16 bits between the last cell and the answer, run when an answer is asked for."""

from converters.to_c.arrays import ConstantArray, symbol_of
from converters.to_c.cells.code import CellCode, Field, block, declared, requantizer
from converters.to_c.readers import reader
from tinygmp.graph.model import Node
from tinygmp.graph.operators.hidden_layer import HiddenLayer
from tinygmp.graph.window_chain import WindowChain


def hidden_layer_code(model: WindowChain, node: Node, place: int, entering: str, share: bool) -> CellCode:
    """Return the C of a layer that reads the int16 vector `entering`."""
    layer = node.operator
    assert isinstance(layer, HiddenLayer)
    symbol, made = symbol_of(model, node.name), f"state->dense{place}"
    rows = reader(
        layer.weights, symbol_of(model, layer.weights.name), every_step=False, share=share, wide=True
    )
    low, high = layer.clamp(model.model.values[node.writes[0]])
    scale = requantizer(layer.requantizer, layer.largest_sum())
    lines = [
        *declared([rows]),
        "uint16_t unit;",
        "",
        f"{rows.init};",
        f"for (unit = 0; unit < {layer.outputs}u; unit++) {{",
        f"    const int32_t sum = {rows.dot(entering)} + TG_READ_I32(&{symbol}_bias[unit]);",
        f"    {made}[unit] = (int16_t)tg_clip(tg_requantize_16(sum, &{symbol}_scale), {low}, {high});",
        "}",
    ]
    return CellCode(
        readers=(rows,),
        kernels=("tg_requantize_16.c",),
        arrays=(ConstantArray(f"{symbol}_bias", layer.bias, f"{node.name}: in units of its sums"),),
        definitions=f"static const tg_requantizer {symbol}_scale = {scale};\n",
        fields=(Field(f"dense{place}", layer.outputs),),
        step=block(lines),
        output=made,
    )
