"""What goes element by element: sums of two values, pixels, softmax."""

from collections.abc import Sequence

from converters.to_c.arrays import ConstantArray, symbol_of
from converters.to_c.kernel import Kernel
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.softmax import Softmax


def add(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to add two values."""
    operator, (a, b), written = node.operator, model.read_by(node), model.written_by(node)[0]
    assert isinstance(operator, Add)
    by, symbol = operator.factors(a, b, written), symbol_of(model, node.name)
    low, high = operator.limits.integers(written)
    definition = (
        f"static const tg_sum {symbol} = {{\n"
        f"    {by.multiplier_a}, {by.multiplier_b}, {by.bias}, {by.shift}, {written.zero_point}, {low}, {high}\n"
        "};\n"
    )

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        return f"tg_add(&{symbol}, {reads[0]}, {reads[1]}, {writes[0]}, {written.size}u);\n"

    return [Kernel(("tg_add.c",), (), call, definition, overlap=(0, 0))]


def pixel_input(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to make int8 of pixels where no convolution takes them as they are."""
    size = model.written_by(node)[0].size

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        return f"tg_pixels_int8({reads[0]}, {writes[0]}, {size}u);\n"

    return [Kernel(("tg_pixels.c",), (), call, overlap=(0,))]


def softmax(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to make shares of logits."""
    operator, read = node.operator, model.read_by(node)[0]
    assert isinstance(operator, Softmax)
    symbol, table = symbol_of(model, node.name), operator.table(read)
    array = ConstantArray(f"{symbol}_table", table, f"{node.name}: 2^15 exp(-i * scale)")

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        return f"tg_softmax({reads[0]}, {writes[0]}, {read.size}u, {symbol}_table, {len(table)}u);\n"

    return [Kernel(("tg_softmax.c",), (array,), call, overlap=(0,))]
