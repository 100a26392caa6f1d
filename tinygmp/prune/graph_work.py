"""What the layers of a float graph do, so that pruning can tell what each of its weights costs."""

from tinygmp.cost.work import Map, Work
from tinygmp.errors import ConfigError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.conv2d import Conv2d
from tinygmp.floats.operators.depthwise_conv2d import DepthwiseConv2d
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.linear import Linear
from tinygmp.graph.operators.window import Window
from tinygmp.graph.values import Shape

KINDS = {Conv2d: "conv2d", DepthwiseConv2d: "depthwise_conv2d", FullyConnected: "fully_connected"}


def works_of_graph(graph: FloatGraph) -> dict[str, Work]:
    """Return the work of every matrix by its name in `prunable`, dense.

    Raises ConfigError for a network with a state, which uses every weight once a step.
    """
    if graph.recurrent:
        raise ConfigError(
            f"'{graph.source}' keeps a state: a step uses every weight once, so all weights cost the same; "
            "leave --objective bytes"
        )
    found = {}
    for node in graph.nodes:
        operator = node.operator
        if not isinstance(operator, Linear):
            continue
        read, written = map_of(graph.shapes[node.reads[0]]), map_of(graph.shapes[node.writes[0]])
        window = getattr(operator, "window", None) or Window()
        rows, columns = operator.weights.shape
        work = Work(KINDS[type(operator)], read, written, window, (rows, columns), rows * columns)
        found[f"{node.name}.weights"] = work
    return found


def map_of(shape: Shape) -> Map:
    """Return rows, columns and channels; a vector is a map of one position."""
    return (1, 1, shape[0]) if len(shape) == 1 else (shape[0], shape[1], shape[2])
