"""Write a PackedModel as C99."""

from converters.to_c.graph import convert_graph
from converters.to_c.stream import convert_stream
from tinygmp.artifact import Artifact
from tinygmp.graph.model import PackedModel


def convert(model: PackedModel) -> Artifact:
    """Return the C of a model: a header, a source and an example; the same model always gives the same text.

    A recurrent model is called after each sample and asked for an answer at any time, any other from inputs to outputs.
    Raises UnsupportedError for an operator, format or size without a kernel.
    """
    return convert_stream(model) if model.recurrent else convert_graph(model)
