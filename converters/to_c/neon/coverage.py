"""Which nodes have a kernel for maps in planes; all others go by way of the portable engine."""

from converters.to_c.neon.layout import fours
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fully_connected import FullyConnected

LARGEST_GROUPS = 65535  # fours of inputs, which are counted in 16 bits
LARGEST_BORDER = 2


def fits_planes(model: PackedModel, node: Node) -> bool:
    """Return whether a matrix or depthwise convolution has a kernel of its own."""
    operator, read = node.operator, model.read_by(node)[0]
    if isinstance(operator, Conv2d):
        return operator.window.taps * fours(read.channels) <= LARGEST_GROUPS
    if isinstance(operator, FullyConnected):  # a convolution of one position, where it rounds as one does
        types = {read.dtype, model.written_by(node)[0].dtype}
        return types == {"int8"} and read.positions == 1 and operator.rounding == "fp32"
    return isinstance(operator, DepthwiseConv2d) and of_neighbours(operator)


def of_neighbours(operator: DepthwiseConv2d) -> bool:
    """Return whether a kernel is 3 x 3 of neighbours at steps of one or two, one filter a channel."""
    window = operator.window
    usual = (window.kernel, window.dilation, operator.multiplier) == ((3, 3), (1, 1), 1)
    return usual and window.stride in ((1, 1), (2, 2)) and max(window.padding) <= LARGEST_BORDER
