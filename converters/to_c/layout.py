"""How the maps of a graph lie in memory: channels together, or each channel's positions in runs (tg_map.c)."""

from collections.abc import Collection, Mapping

from converters.to_c.kernel import INTERLEAVED, Runs, round4
from converters.to_c.operators.depthwise_conv2d import takes_lines
from converters.to_c.operators.linear import is_sparse
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.graph.values import Value


def planes(model: PackedModel, by_rows: bool, fused: Collection[str]) -> dict[str, int]:
    """Return the runs of the maps whose channels may lie apart, in planes; all other maps have channels together.

    by_rows: what the first convolution writes, row by row, may take the place of what it reads. fused: the 1x1
    convolutions that run row by row with the depthwise one behind them.
    """
    runs: dict[str, int] = {}
    for node in model.nodes:
        written = model.written_by(node)[0]
        readers = readers_of(model, written.name)
        if (
            not readers
            or written.name in model.outputs
            or not (writes_planes(node) and all(map(reads_planes, readers)))
        ):
            continue
        columns, in_rows = written.map_shape[1], by_rows and goes_by_rows(model, node, runs)
        if in_rows and columns % 4 == 0 and all(each.name in fused or is_by_lines(each) for each in readers):
            runs[written.name] = columns
        else:
            runs[written.name] = round4(written.positions)
    return runs


def readers_of(model: PackedModel, name: str) -> list[Node]:
    return [node for node in model.nodes if name in node.reads]


def writes_planes(node: Node) -> bool:
    return isinstance(node.operator, Conv2d) or is_by_lines(node)


def reads_planes(node: Node) -> bool:
    operator = node.operator
    pointwise = isinstance(operator, Conv2d) and operator.window.is_pointwise
    return pointwise or is_by_lines(node) or isinstance(operator, MaxPool | AveragePool | GlobalAveragePool)


def is_by_lines(node: Node) -> bool:
    return isinstance(node.operator, DepthwiseConv2d) and takes_lines(node.operator)


def goes_by_rows(model: PackedModel, node: Node, runs: Mapping[str, int]) -> bool:
    """Return whether a node writes rows one after the other, or in the place of rows."""
    read, written = model.read_by(node)[0], model.written_by(node)[0]
    if isinstance(node.operator, Conv2d):
        return not node.operator.window.is_pointwise
    return read.map_shape == written.map_shape and runs.get(read.name) == read.map_shape[1]


def value_bytes(value: Value, runs: Runs = INTERLEAVED) -> int:
    """Return what a value takes in memory."""
    run = runs.get(value.name, 1)
    return run * value.channels if run > value.map_shape[1] else value.bytes


def fusable(model: PackedModel) -> list[tuple[Node, Node]]:
    """Return the 1x1 convolutions that a depthwise one alone reads, with it, those of the largest maps first.

    Rows begin at words, and the depthwise weights are not expanded first.
    """
    found = []
    for node in model.nodes:
        operator, written = node.operator, model.written_by(node)[0]
        readers = readers_of(model, written.name)
        if len(readers) != 1 or written.name in model.outputs or written.map_shape[1] % 4:
            continue
        pointwise, second = isinstance(operator, Conv2d) and operator.window.is_pointwise, readers[0].operator
        if (
            pointwise
            and is_by_lines(readers[0])
            and isinstance(second, DepthwiseConv2d)
            and not is_sparse(second)
        ):
            found.append((node, readers[0]))
    return sorted(found, key=lambda pair: -model.written_by(pair[0])[0].bytes)
