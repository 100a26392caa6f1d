"""A FastGRNN of 16 bits."""

from converters.to_c.arrays import ConstantArray, symbol_of
from converters.to_c.cells.code import CellCode, Field, block, copied, declared, requantizer
from converters.to_c.readers import Reader, reader
from tinygmp.graph.model import Node
from tinygmp.graph.operators.fastgrnn import FastGrnn, LowRank, factors
from tinygmp.graph.window_chain import WindowChain


def fastgrnn_code(model: WindowChain, node: Node, place: int, entering: str, share: bool) -> CellCode:
    """Return the C of a cell that reads the int16 vector `entering`."""
    cell = node.operator
    assert isinstance(cell, FastGrnn)
    symbol, hidden = symbol_of(model, node.name), f"hidden{place}"
    readers = {
        letter: tuple(
            reader(tensor, symbol_of(model, tensor.name), share=share, wide=True)
            for tensor in factors(linear)
        )
        for letter, linear in (("w", cell.w), ("u", cell.u))
    }
    full_u = not isinstance(cell.u, LowRank)
    before = [Field(f"before{place}", cell.hidden_size)] if full_u else []
    inner = {
        letter: Field(f"{letter}_inner{place}", linear.rank)
        for letter, linear in (("w", cell.w), ("u", cell.u))
        if isinstance(linear, LowRank)
    }
    state = f"state->{before[0].name}" if full_u else f"state->{hidden}"
    vectors = {
        letter: f"state->{inner[letter].name}" if letter in inner else plain
        for letter, plain in (("w", entering), ("u", state))
    }
    lines = [*declared([*readers["w"], *readers["u"]]), "uint16_t unit;", ""]
    if full_u:
        lines += copied(state, f"state->{hidden}", cell.hidden_size)
    for letter, plain in (("w", entering), ("u", state)):
        if letter in inner:
            lines += inner_lines(
                readers[letter][0], plain, vectors[letter], f"{symbol}_{letter}_scale", inner[letter].size
            )
    lines += update_lines(cell, symbol, readers, vectors, f"state->{hidden}", f"{model.name}_gate_table")
    return CellCode(
        readers=(*readers["w"], *readers["u"]),
        kernels=("tg_fastgrnn_16.c",),
        arrays=tuple(
            ConstantArray(f"{symbol}_{name}", getattr(cell, name), f"{node.name}: Q11, one a hidden unit")
            for name in ("bias_gate", "bias_update")
        ),
        definitions=definitions(cell, symbol),
        fields=(Field(hidden, cell.hidden_size, kept=True), *before, *inner.values()),
        step=block(lines),
        output=f"state->{hidden}",
    )


def inner_lines(rows: Reader, entering: str, vector: str, scale: str, rank: int) -> list[str]:
    return [
        f"{rows.init};",
        f"for (unit = 0; unit < {rank}u; unit++) {{",
        f"    const int16_t inner = tg_requantize_16({rows.dot(entering)}, &{scale});",
        f"    {vector}[unit] = inner == -32768 ? (int16_t)-32767 : inner;",
        "}",
    ]


def update_lines(
    cell: FastGrnn,
    symbol: str,
    readers: dict[str, tuple[Reader, ...]],
    vectors: dict[str, str],
    hidden: str,
    table: str,
) -> list[str]:
    """Return the loop over the units, the map with the larger shift first."""
    first, second = ("w", "u") if cell.w_shift >= cell.u_shift else ("u", "w")
    early, late = max(cell.w_shift, cell.u_shift), min(cell.w_shift, cell.u_shift)
    shifted = f" * {2 ** (early - late)}" if early > late else ""
    last = f" * {2**late}" if late else ""
    dots = {letter: readers[letter][-1].dot(vectors[letter]) for letter in (first, second)}
    return [
        *(f"{readers[letter][-1].init};" for letter in ("w", "u")),
        f"for (unit = 0; unit < {cell.hidden_size}u; unit++) {{",
        f"    int32_t accumulator = {dots[first]}{shifted};",
        f"    accumulator += {dots[second]};",
        f"    {hidden}[unit] = tg_fastgrnn_unit_16(&{symbol}_cell, {table}, accumulator{last},",
        f"        TG_READ_I16(&{symbol}_bias_gate[unit]), TG_READ_I16(&{symbol}_bias_update[unit]), {hidden}[unit]);",
        "}",
    ]


def definitions(cell: FastGrnn, symbol: str) -> str:
    pre = requantizer(cell.pre_requantizer, cell.largest_accumulator)
    lines = [
        f"static const tg_fastgrnn_scalars {symbol}_cell = {{",
        f"    {pre}, 0, 0, {cell.zeta}, {cell.zeta_shift}, {cell.nu}",
        "};",
    ]
    for letter, linear in (("w", cell.w), ("u", cell.u)):
        if isinstance(linear, LowRank):
            scale = requantizer(linear.requantizer, cell.largest_sum(linear.first))
            lines.append(f"static const tg_requantizer {symbol}_{letter}_scale = {scale};")
    return "\n".join(lines) + "\n"
